import type { Clock } from '../util/environment.js';
import type { FullBlock } from './block.js';

/** A reader that waits for the log to grow. */
export interface Follower {
  /** @param shared the bytes since the last flush, if they are few; valid until this call returns */
  onAppend(shared: FullBlock | null): void;
}

/** This many new bytes are flushed within the same turn of the event loop. */
const FLUSH_BYTES = 512 * 1024;
/** Upper bound on the delay of lines, in milliseconds. It is checked at each turn, so no timer is needed. */
const MAX_DELAY_MS = 1;
/** The same for each waiting reader: about the time that writing to the reader takes. */
const MAX_DELAY_PER_READER_MS = 0.02;
/** Upper bound on the delay of notices, and of lines between them: many clients connect or leave at once. */
const MAX_NOTICE_DELAY_MS = 10;
/** With fewer readers, writing to all of them takes less time than waiting one turn for more lines. */
const MIN_READERS_TO_BATCH = 4;
/** Lines wait for more only while a batch usually has this many appends for each waiting reader: clients answer each other. */
const MIN_APPENDS_PER_READER = 0.25;
/** From this size on a batch always waits: a client sends much, and larger writes are cheaper. */
const MIN_BUSY_BYTES = 16 * 1024;
/** The weight of the last batch in the average. */
const LAST_BATCH_WEIGHT = 0.25;
/** For each so many readers, a batch waits for one more turn without new bytes. */
const READERS_PER_QUIET_TURN = 64;

/**
 * Decides when readers are called for new bytes: after the turn of the event loop that appended the bytes, or only after
 * turns without new bytes. The scheduler waits for such turns if clients answer each other, send much or connect at once,
 * which they do in successive turns. One write for all of that is far cheaper. When all clients have answered, no further
 * turn is needed.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #onFlush: (waiting: readonly Follower[]) => void;
  #waiting: Follower[] = [];
  #appendedBytes = 0;
  #unflushedBytes = 0;
  #isScheduled = false;
  #startedAt = 0;
  /** The value of #appendedBytes one turn ago. */
  #seenBytes = 0;
  /** Turns without new bytes, up to now. */
  #quietTurns = 0;
  /** Appends in this batch, and the average over the last batches. */
  #appends = 0;
  #usualAppends = 0;
  #hasNotices = false;

  /** @param onFlush calls the readers that wait */
  constructor(clock: Clock, onFlush: (waiting: readonly Follower[]) => void) {
    this.#clock = clock;
    this.#onFlush = onFlush;
  }

  /** Calls `follower` once when bytes are flushed. */
  notifyOnce(follower: Follower): void {
    this.#waiting.push(follower);
  }

  /** Adds appended bytes to the batch. */
  add(bytes: number, isNotice: boolean): void {
    if (isNotice) this.#hasNotices = true;
    this.#appends++;
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
      !this.#haveAllAnswered &&
      this.#clock.now() - this.#startedAt < this.#maxDelayMs
    ) {
      this.#clock.setImmediate(this.#onTurn);
      return;
    }
    this.#isScheduled = false;
    this.#flush();
  };

  /** Whether there are as many appends as waiting readers: clients that answer each other send nothing further now. */
  get #haveAllAnswered(): boolean {
    return !this.#hasNotices && this.#appends >= this.#waiting.length;
  }

  get #requiredQuietTurns(): number {
    const readers = this.#waiting.length;
    const isQuietRoom =
      this.#unflushedBytes < MIN_BUSY_BYTES && this.#usualAppends < readers * MIN_APPENDS_PER_READER;
    if (readers < MIN_READERS_TO_BATCH || isQuietRoom) return this.#hasNotices ? 1 : 0;
    return Math.ceil(readers / READERS_PER_QUIET_TURN);
  }

  get #maxDelayMs(): number {
    const writingMs = this.#waiting.length * MAX_DELAY_PER_READER_MS;
    if (!this.#hasNotices) return Math.min(MAX_DELAY_MS, writingMs);
    return Math.min(MAX_NOTICE_DELAY_MS, Math.max(MAX_DELAY_MS, writingMs));
  }

  #flush(): void {
    this.#unflushedBytes = 0;
    this.#hasNotices = false;
    this.#usualAppends += (this.#appends - this.#usualAppends) * LAST_BATCH_WEIGHT;
    this.#appends = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#onFlush(waiting);
  }
}
