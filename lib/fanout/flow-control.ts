import type { Clock } from '../util/environment.js';
import { invariant } from '../util/invariant.js';
import type { Reader } from './reader.js';

export interface FlowControlOptions {
  readonly clock: Clock;
  /** How far behind an active reader may be before senders wait for it, in bytes. */
  readonly windowBytes: number;
  /** How far behind a slow reader may be, in bytes. It is larger, because memory can hold a short pause. */
  readonly slowWindowBytes: number;
  /** Whether the log cannot take more messages. */
  readonly isFull: () => boolean;
}

/** How often it is checked whether the readers that senders wait for have stalled. */
const POLL_INTERVAL_MS = 50;

interface WaitingSender {
  readonly client: number;
  readonly resume: () => void;
  /** When it began to wait, on the clock of the readers. */
  readonly since: number;
}

/**
 * Decides when a sender waits: while the log is full, or while every reader that makes progress is more than a window
 * behind. In the second case fan-out is the bottleneck, and reading more would only move data from the network to disk.
 *
 * Senders never wait for a stalled reader, for a reader of a client that has left, or for their own. Readers of the
 * transcript count only while no client's reader makes progress.
 */
export class FlowControl {
  readonly clientReaders = new Set<Reader>();
  readonly outputReaders = new Set<Reader>();
  readonly #options: FlowControlOptions;
  #waiting: WaitingSender[] = [];
  /** The reader that let the last sender continue. Checked first. */
  #lastReader: Reader | null = null;
  #cancelPoll: (() => void) | null = null;
  #isDisabled = false;
  #isRechecking = false;
  /** How long the senders have waited that wait no longer, in milliseconds. */
  #pastWaitsMs = 0;

  constructor(options: FlowControlOptions) {
    this.#options = options;
  }

  get waitingSenders(): number {
    return this.#waiting.length;
  }

  /** How long senders have waited in sum, in milliseconds. */
  get waitedMs(): number {
    const now = this.#options.clock.now();
    return this.#waiting.reduce((sum, { since }) => sum + now - since, this.#pastWaitsMs);
  }

  /** Calls `resume` when this client may send more: at once, or after waiting. */
  throttle(client: number, resume: () => void): void {
    if (this.#maySend(client)) {
      resume();
      return;
    }
    this.#waiting.push({ client, resume, since: this.#options.clock.now() });
    this.#schedulePoll();
  }

  #schedulePoll(): void {
    this.#cancelPoll ??= this.#options.clock.setTimer(POLL_INTERVAL_MS, this.#onPoll);
  }

  /** Called when a reader has taken a block. */
  readonly onReaderProgress = (reader: Reader): void => {
    if (this.#waiting.length > 0 && reader.lagBytes <= this.#options.windowBytes) this.recheck();
  };

  /** Checks in a microtask which waiting senders may continue, so that they do not interrupt the caller. */
  recheck(): void {
    if (this.#waiting.length === 0 || this.#isRechecking) return;
    this.#isRechecking = true;
    queueMicrotask(this.#resumeSenders);
  }

  readonly #resumeSenders = (): void => {
    this.#isRechecking = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const sender of waiting) {
      if (this.#maySend(sender.client)) this.#resume(sender);
      else this.#waiting.push(sender);
    }
    if (this.#waiting.length > 0) {
      invariant(!this.#isDisabled, 'a sender waits and will never be checked');
      this.#schedulePoll();
      return;
    }
    this.#cancelPoll?.();
    this.#cancelPoll = null;
  };

  #resume({ since, resume }: WaitingSender): void {
    this.#pastWaitsMs += this.#options.clock.now() - since;
    resume();
  }

  /** Lets all senders continue from now on. For the close of the relay, when no new input is read. */
  disable(): void {
    this.#isDisabled = true;
    this.recheck();
  }

  readonly #onPoll = (): void => {
    this.#cancelPoll = null;
    this.recheck();
  };

  #maySend(client: number): boolean {
    if (this.#isDisabled) return true;
    if (this.#options.isFull()) return false;
    const { clock, windowBytes, slowWindowBytes } = this.#options;
    const now = clock.now();
    const last = this.#lastReader;
    if (last !== null && this.clientReaders.has(last) && last.lagBytes <= windowBytes) {
      if (this.#counts(last, client, now)) return true;
    }
    for (const readers of [this.clientReaders, this.outputReaders]) {
      let someoneIsBehind = false;
      for (const reader of readers) {
        if (!this.#counts(reader, client, now)) continue;
        if (reader.lagBytes <= (reader.progress(now) === 'active' ? windowBytes : slowWindowBytes)) {
          this.#lastReader = reader;
          return true;
        }
        someoneIsBehind = true;
      }
      if (someoneIsBehind) return false;
    }
    return true;
  }

  /** Whether this client may have to wait for a reader. */
  #counts(reader: Reader, client: number, now: number): boolean {
    return reader.owner !== client && !reader.isFinishing && reader.progress(now) !== 'stalled';
  }
}
