import { randomBytes } from 'node:crypto';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { LogEvent, LogRecord } from '../event-log.js';
import type { Engine } from './engine.js';
import { EventQueue } from './event-queue.js';
import { encodeRecord } from './record.js';
import { checkRecordLimit } from './record-limit.js';

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
  /** The engine may not have stored a record, which is published again later. */
  readonly onError: (error: Error) => void;
  /** The engine will not store the records of this relay. */
  readonly onRefused: (reason: MiniServError) => void;
  /** A record was stored. */
  readonly onStored: () => void;
}

/**
 * Publishes the events of this relay. One record is in flight at a time; the events of that time are the next record.
 *
 * Events are published again under the same number, within the engine's present size limit, until they are read back: an
 * engine that crashes can lose records that it has acknowledged.
 */
export class Outbox {
  /** Identifies this run of the process in the log. */
  readonly instanceId: string;
  readonly #options: OutboxOptions;
  readonly #queue = new EventQueue();
  /** Number of the next record that has not been read back. */
  #number = 0;
  #isRunning = false;
  #isClosed = false;
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
    return this.#queue.bytes;
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
  onRead({ number, events }: LogRecord): void {
    if (number < this.#number) return;
    this.#number = number + 1;
    const wasFull = this.isFull;
    // If another program has used this number, the events follow under the next one.
    this.#queue.drop(events);
    if (wasFull && !this.isFull) this.#options.onDrain();
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#queue.isEmpty && !this.#isClosed) await this.#store(this.#number);
    this.#isRunning = false;
  }

  /** Publishes the next record until it is read back. */
  async #store(number: number): Promise<void> {
    const { engine, onError, onRefused, onStored } = this.#options;
    const { instanceId } = this;
    // The end cannot be guessed: the engine drops a record whose id another program has used before.
    const id = `${instanceId}:${number}:${randomBytes(6).toString('base64url')}`;
    const isPending = (): boolean => number === this.#number && !this.#isClosed;
    while (isPending()) {
      let recordBytes = 0;
      try {
        checkRecordLimit(engine);
        const events = this.#queue.peek(Math.min(engine.maxRecordBytes, MAX_RECORD_BYTES));
        const record = encodeRecord({ instanceId, number, events });
        recordBytes = record.length;
        await engine.publish(id, record);
        onStored();
        if (isPending()) await this.#wait();
      } catch (error) {
        if (this.#isClosed) return;
        if (error instanceof MiniServError) {
          onRefused(error);
          return;
        }
        if (!isPending()) break;
        // The limit was lowered. A smaller record may be accepted at once.
        if (recordBytes > engine.maxRecordBytes) continue;
        onError(error as Error);
        await this.#wait(RETRY_DELAY_MS);
      }
    }
    // The record can be read back although its acknowledgement was lost.
    if (!this.#isClosed) onStored();
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
