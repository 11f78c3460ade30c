import { randomBytes } from 'node:crypto';
import type { Clock } from '../../util/environment.js';
import type { LogEvent } from '../event-log.js';
import type { Engine } from './engine.js';
import { EventQueue } from './event-queue.js';
import { encodeRecord } from './record.js';

/** Senders wait while more than this has not been stored. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
/** Larger records are not faster, and every reader waits for each of them. */
const MAX_RECORD_BYTES = 1024 * 1024;
const RETRY_DELAY_MS = 250;

export interface OutboxOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly instanceId?: string | undefined;
  readonly onDrain: () => void;
  readonly onError: (error: Error) => void;
  /** A record was stored. */
  readonly onStored: () => void;
}

/**
 * Publishes the events of this relay. One record is in flight at a time; the events of that time are the next record.
 *
 * A record is in flight until it has been read back. It is published again, under the same number, if the engine
 * rejects it or was unreachable meanwhile: an engine that crashes can lose records that it has acknowledged.
 */
export class Outbox {
  /** Identifies this run of the process in the log. */
  readonly instanceId: string;
  readonly #options: OutboxOptions;
  readonly #queue = new EventQueue();
  #nextNumber = 0;
  #inFlightBytes = 0;
  #isRunning = false;
  #isClosed = false;
  /** Number of the last record of this relay that was read back. */
  #lastRead = -1;
  #wake: () => void = () => {};

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.instanceId = options.instanceId ?? randomBytes(12).toString('base64url');
  }

  get isFull(): boolean {
    return this.pendingBytes > MAX_PENDING_BYTES;
  }

  /** Size of the events that are not known to be stored. */
  get pendingBytes(): number {
    return this.#queue.bytes + this.#inFlightBytes;
  }

  push(event: LogEvent): void {
    if (this.#isClosed) return;
    this.#queue.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    // In a microtask, so that the record contains all events of this turn.
    queueMicrotask(() => void this.#run());
  }

  /** Publishes the record in flight again, without waiting for the delay to end. */
  retry(): void {
    this.#wake();
  }

  /** A record of this relay was read back. */
  onRead(number: number): void {
    this.#lastRead = Math.max(this.#lastRead, number);
    if (this.#lastRead === this.#nextNumber - 1) this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    const { engine, onDrain } = this.#options;
    while (!this.#queue.isEmpty && !this.#isClosed) {
      const number = this.#nextNumber++;
      const wasFull = this.isFull;
      const events = this.#queue.take(Math.min(engine.maxRecordBytes, MAX_RECORD_BYTES));
      const record = encodeRecord({ instanceId: this.instanceId, number, events });
      this.#inFlightBytes = record.length;
      if (!(await this.#store(number, record))) break;
      this.#inFlightBytes = 0;
      if (wasFull && !this.isFull) onDrain();
    }
    this.#isRunning = false;
  }

  /** Publishes a record until it is read back. Returns false if the outbox is closed before that. */
  async #store(number: number, record: Uint8Array): Promise<boolean> {
    const { engine, onError, onStored } = this.#options;
    while (!this.#isClosed && this.#lastRead < number) {
      try {
        await engine.publish(`${this.instanceId}:${number}`, record);
        onStored();
        if (this.#lastRead < number && !this.#isClosed) await this.#wait();
      } catch (error) {
        if (this.#isClosed) break;
        onError(error as Error);
        await this.#wait(RETRY_DELAY_MS);
      }
    }
    if (this.#lastRead < number) return false;
    // The record can be read back although its acknowledgement was lost.
    onStored();
    return true;
  }

  #wait(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = ms === undefined ? () => {} : this.#options.clock.setTimer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
