import { randomBytes } from 'node:crypto';
import type { Clock } from '../../util/environment.js';
import type { LogEvent } from '../event-log.js';
import type { Engine } from './engine.js';
import { encodeRecord, Queue } from './record.js';

/** So much may wait for the engine before senders do, in bytes. */
const LIMIT = 4 * 1024 * 1024;
/** Longer records make nothing faster, and all readers wait for each of them. */
const RECORD = 1024 * 1024;
/** How long until what the engine did not take is given to it again, in ms. */
const RETRY = 250;

export interface OutboxOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly epoch?: string | undefined;
  /** There is room again. */
  readonly room: () => void;
  readonly failed: (error: Error) => void;
  readonly took: () => void;
}

/**
 * What this relay says, on its way to the engine: one record under way, what is said meanwhile is the next. A record
 * is under way until it has been read back: one whose fate is unknown is given again, with the same number, and so is
 * one that the engine has acknowledged, where it was out of reach since then. It may have died, and lost it.
 */
export class Outbox {
  /** This process run, in the log. */
  readonly epoch: string;
  readonly #options: OutboxOptions;
  readonly #queue = new Queue();
  #n = 0;
  #underWay = 0;
  #busy = false;
  #closed = false;
  /** The number of the last of its records that was read back. */
  #read = -1;
  #again: () => void = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.epoch = options.epoch ?? randomBytes(12).toString('base64url');
  }

  get full(): boolean {
    return this.bytes > LIMIT;
  }

  /** What has not been taken by the engine, in bytes. */
  get bytes(): number {
    return this.#queue.bytes + this.#underWay;
  }

  push(event: LogEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    if (this.#busy) return;
    this.#busy = true;
    // What is said in the same turn goes with it.
    queueMicrotask(() => void this.#run());
  }

  /** The engine is in reach again: no need to wait. */
  retry(): void {
    this.#again();
  }

  /** A record of this relay has been read back. */
  read(n: number): void {
    this.#read = Math.max(this.#read, n);
    if (this.#read === this.#n - 1) this.#again();
  }

  close(): void {
    this.#closed = true;
    this.#again();
  }

  async #run(): Promise<void> {
    const { engine, room } = this.#options;
    while (!this.#queue.isEmpty && !this.#closed) {
      const n = this.#n++;
      const wasFull = this.full;
      const events = this.#queue.take(Math.min(engine.maxRecordBytes, RECORD));
      const record = encodeRecord({ instanceId: this.epoch, n, events });
      this.#underWay = record.length;
      if (!(await this.#publish(n, record))) break;
      this.#underWay = 0;
      if (wasFull && !this.full) room();
    }
    this.#busy = false;
  }

  async #publish(n: number, record: Uint8Array): Promise<boolean> {
    const { engine, failed, took } = this.#options;
    while (!this.#closed && this.#read < n) {
      try {
        await engine.publish(`${this.epoch}:${n}`, record);
        took();
        if (this.#read < n && !this.#closed) await this.#wait();
      } catch (error) {
        if (this.#closed) break;
        failed(error as Error);
        await this.#wait(RETRY);
      }
    }
    if (this.#read < n) return false;
    // It got there, whatever became of the answer.
    took();
    return true;
  }

  #wait(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = ms === undefined ? () => {} : this.#options.clock.setTimer(ms, resolve);
      this.#again = () => {
        cancel();
        resolve();
      };
    });
  }
}
