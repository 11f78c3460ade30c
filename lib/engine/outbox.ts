import { randomBytes } from 'node:crypto';
import type { LogEvent } from '../log.js';
import type { Clock } from '../world.js';
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
 * whose fate is unknown is given again, with the same number, until it is known to be in the log.
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

  close(): void {
    this.#closed = true;
    this.#again();
  }

  async #run(): Promise<void> {
    const { engine, room, took } = this.#options;
    while (!this.#queue.isEmpty && !this.#closed) {
      const n = this.#n++;
      const wasFull = this.full;
      const events = this.#queue.take(Math.min(engine.most, RECORD));
      const record = encodeRecord({ epoch: this.epoch, n, events });
      this.#underWay = record.length;
      if (!(await this.#publish(`${this.epoch}:${n}`, record))) break;
      this.#underWay = 0;
      took();
      if (wasFull && !this.full) room();
    }
    this.#busy = false;
  }

  async #publish(id: string, record: Uint8Array): Promise<boolean> {
    const { engine, failed, clock } = this.#options;
    while (!this.#closed) {
      try {
        await engine.publish(id, record);
        return true;
      } catch (error) {
        if (this.#closed) break;
        failed(error as Error);
        await new Promise<void>((resolve) => {
          const cancel = clock.after(RETRY, resolve);
          this.#again = () => {
            cancel();
            resolve();
          };
        });
      }
    }
    return false;
  }
}
