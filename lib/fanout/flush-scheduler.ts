import type { Clock } from '../util/environment.js';

/** A reader that waits for the log to grow. */
export interface Follower {
  onAppend(): void;
}

/** This many new bytes are flushed within the same turn of the event loop. */
const FLUSH_BYTES = 512 * 1024;
/** Upper bound on the delay of a batch, in milliseconds. It is checked at each turn, so no timer is needed. */
const MAX_DELAY_MS = 1;
/** Upper bound on the delay of a line for each waiting reader: about the time that writing to the reader takes. */
const MAX_DELAY_PER_READER_MS = 0.02;
/** With fewer readers, writing to all of them takes less time than waiting one turn for more lines. */
const MIN_READERS_TO_BATCH = 4;
/** For each so many readers, a batch waits for one more turn without new bytes. */
const READERS_PER_QUIET_TURN = 64;

/**
 * Decides when readers are called for new bytes: after the turn of the event loop that appended the bytes. Several readers,
 * and readers of notices, are called only after turns without new bytes. Clients that answer each other, or connect at
 * once, do so in successive turns, and one write for all of them is far cheaper.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  #waiting: Follower[] = [];
  #appendedBytes = 0;
  #unflushedBytes = 0;
  #isScheduled = false;
  #startedAt = 0;
  /** The value of #appendedBytes one turn ago. */
  #seenBytes = 0;
  /** Turns without new bytes, up to now. */
  #quietTurns = 0;
  /** Whether the batch contains lines, and not only notices. */
  #hasLines = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `follower` once when bytes are flushed. */
  notifyOnce(follower: Follower): void {
    this.#waiting.push(follower);
  }

  /** Adds appended bytes to the batch. */
  add(bytes: number, isNotice: boolean): void {
    if (!isNotice) this.#hasLines = true;
    this.#appendedBytes += bytes;
    this.#unflushedBytes += bytes;
    if (this.#unflushedBytes >= FLUSH_BYTES) this.#flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#startedAt = this.#clock.now();
    this.#clock.setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#quietTurns = this.#appendedBytes === this.#seenBytes ? this.#quietTurns + 1 : 0;
    this.#seenBytes = this.#appendedBytes;
    if (
      this.#unflushedBytes > 0 &&
      this.#quietTurns < this.#requiredQuietTurns &&
      this.#clock.now() - this.#startedAt < this.#maxDelayMs
    ) {
      this.#clock.setImmediate(this.#onTurn);
      return;
    }
    this.#isScheduled = false;
    this.#flush();
  };

  get #requiredQuietTurns(): number {
    const readers = this.#waiting.length;
    if (!this.#hasLines) return 1;
    return readers < MIN_READERS_TO_BATCH ? 0 : Math.ceil(readers / READERS_PER_QUIET_TURN);
  }

  get #maxDelayMs(): number {
    if (!this.#hasLines) return MAX_DELAY_MS;
    return Math.min(MAX_DELAY_MS, this.#waiting.length * MAX_DELAY_PER_READER_MS);
  }

  #flush(): void {
    this.#unflushedBytes = 0;
    this.#hasLines = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const follower of waiting) follower.onAppend();
  }
}
