import type { Clock } from '../util/environment.js';
import { invariant } from '../util/invariant.js';
import type { Block, FullBlock } from './block.js';
import type { Destination } from './destination.js';
import type { MessageLog } from './message-log.js';
import { nextPace, type Progress, progressOf } from './progress.js';

/** The options of all readers. One object serves all of them, so that an idle client costs little memory. */
export interface ReaderOptions {
  readonly log: MessageLog;
  readonly clock: Clock;
  /** Called each time the destination has taken a block. */
  readonly onProgress?: (reader: Reader) => void;
  /** Called when bytes for this reader cannot be read back from disk. */
  readonly onError?: (error: Error, reader: Reader) => void;
  /** Called once, when the reader needs nothing more from the log. */
  readonly onDone?: (reader: Reader) => void;
}

/** A part of the log that a reader does not deliver. Times are in milliseconds since 1970. */
export interface Missing {
  readonly bytes: number;
  /** When its first byte was sent; undefined if that is on disk. */
  readonly from: number | undefined;
  /** When its last byte was sent. */
  readonly to: number;
}

/**
 * A cursor into the log and one destination, with at most one block in flight. The next block is sent when the
 * destination has taken the last, so a stalled destination costs one offset and one block.
 */
export class Reader {
  /** The client whose own messages are skipped, or `NO_OWNER`. */
  readonly owner: number;
  readonly #destination: Destination;
  readonly #options: ReaderOptions;
  #cursor: number;
  #limit: number | undefined;
  #state: 'idle' | 'waiting' | 'sending' | 'loading' | 'done' = 'idle';
  /** The block in flight. */
  #block: Block | null = null;
  #isPumping = false;
  #sentAt = 0;
  #paceMs = 0;

  constructor(destination: Destination, owner: number, options: ReaderOptions) {
    this.owner = owner;
    this.#destination = destination;
    this.#options = options;
    this.#cursor = options.log.attach();
    this.#pump();
  }

  /** Log position up to which this reader is to deliver: the log's end, or the position at which it finishes. */
  get end(): number {
    return this.#limit ?? this.#options.log.end;
  }

  /** Bytes between the cursor and `end`. */
  get lagBytes(): number {
    return this.end - this.#cursor;
  }

  /** Whether the reader ends at a fixed position, so that new messages are not for it. */
  get isFinishing(): boolean {
    return this.#limit !== undefined;
  }

  /** @param now the time on the reader's clock */
  progress(now: number): Progress {
    return this.#state === 'sending' ? progressOf(now - this.#sentAt, this.#paceMs) : 'active';
  }

  /** Delivers the log up to its current end, and then finishes the destination. */
  finish(): void {
    if (this.#state === 'done' || this.#limit !== undefined) return;
    this.#limit = this.#options.log.end;
    this.#options.log.unfollow();
    if (this.#state === 'waiting') this.#pump();
  }

  /**
   * Skips the bytes between the block in flight and the log's end, so that the log need not be kept for them. Does
   * nothing once the reader is finishing.
   *
   * @returns the skipped part
   */
  skip(): Missing {
    const { log } = this.#options;
    const missing = this.missing;
    if (this.#state === 'done' || this.#limit !== undefined) return { ...missing, bytes: 0 };
    log.advance(this.#cursor, log.end);
    this.#cursor = log.end;
    return missing;
  }

  /** The part of the log up to `end` that is neither delivered nor in flight. Stays valid after `stop`. */
  get missing(): Missing {
    const { log } = this.#options;
    const start = Math.max(this.#block?.next ?? 0, this.#cursor);
    const bytes = this.end - start;
    return { bytes, from: bytes > 0 ? log.timeAt(start) : undefined, to: log.lastAppendTime };
  }

  /** Stops delivering and releases the log. */
  stop(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    const { log, onDone } = this.#options;
    if (this.#block !== null) log.release(this.#block);
    this.#block = null;
    log.detach(this.#cursor, this.#limit);
    onDone?.(this);
  }

  /** Called by the log when bytes were appended. */
  onAppend(shared: FullBlock | null): void {
    if (this.#state !== 'waiting') return;
    if (shared === null || !this.#offer(shared)) this.#pump();
  }

  /**
   * The short path of a reader that keeps up: without a block of its own, and without a callback if the destination takes
   * the bytes at once.
   *
   * @returns false if the block is not for this reader
   */
  #offer(block: FullBlock): boolean {
    const destination = this.#destination;
    if (destination.offer === undefined || block.cursor !== this.#cursor || block.owners.has(this.owner))
      return false;
    // Not 'waiting': finish() would deliver the bytes again if the destination called it now.
    this.#state = 'sending';
    this.#sentAt = Number.POSITIVE_INFINITY;
    let isTaken: boolean;
    try {
      isTaken = destination.offer(block.bytes[0] as Buffer);
    } catch (error) {
      this.#fail(error);
      return true;
    }
    // The destination may have stopped this reader, or have called finish().
    if ((this.#state as string) === 'done') return true;
    if (isTaken) {
      const { log, onProgress } = this.#options;
      this.#paceMs = nextPace(this.#paceMs, 0);
      this.#moveTo(block.next);
      if (this.#limit === undefined) {
        this.#state = 'waiting';
        log.notifyOnce(this);
      }
      onProgress?.(this);
      if (this.#state === 'sending') this.#pump();
    } else {
      // The destination has all bytes. They stay in its buffer, and so in use, until it calls back.
      this.#options.log.hold(block);
      this.#send({ ...block, bytes: [] });
    }
    return true;
  }

  #pump(): void {
    this.#isPumping = true;
    this.#state = 'idle';
    // A loop and not recursion, because a destination may call done() before send() returns.
    while (this.#state === 'idle') this.#step();
    this.#isPumping = false;
  }

  #step(): void {
    const { log } = this.#options;
    const destination = this.#destination;
    const limit = this.end;
    if (this.#cursor >= limit) {
      if (this.#limit === undefined) {
        this.#state = 'waiting';
        log.notifyOnce(this);
      } else {
        this.stop();
        destination.finish();
      }
      return;
    }
    const block = log.take(this.#cursor, limit, this.owner, destination.maxBytes ?? log.segmentBytes);
    if (block === null) this.#load();
    else if (block.bytes.length === 0) this.#advance(block);
    else this.#send(block);
  }

  #send(block: Block): void {
    this.#state = 'sending';
    this.#block = block;
    const { clock, log } = this.#options;
    // The clock is read only if the block is not taken within send(), which saves a call for most small writes.
    this.#sentAt = Number.POSITIVE_INFINITY;
    const destination = this.#destination;
    const times = destination.wantsTimes === true ? log.times(block) : undefined;
    let hasReturned = false;
    let isDone = false as boolean;
    let failure: Error | null | undefined;
    const done = (error?: Error | null): void => {
      if (hasReturned) this.#onSent(block, clock.now() - this.#sentAt, error);
      else if (!isDone) {
        isDone = true;
        failure = error;
      }
    };
    try {
      destination.send(block.bytes, done, times);
    } catch (error) {
      this.#fail(error);
      return;
    }
    hasReturned = true;
    if (isDone) this.#onSent(block, 0, failure);
    else this.#sentAt = clock.now();
  }

  /** Ends after an error of the destination, which must not reach the readers that are called after this one. */
  #fail(error: unknown): void {
    this.stop();
    this.#destination.fail(error instanceof Error ? error : new Error(String(error)));
  }

  #onSent(block: Block, tookMs: number, error?: Error | null): void {
    // The destination may call done() twice, or after the reader was stopped.
    if (this.#block !== block) return;
    if (error) {
      this.stop();
      return;
    }
    this.#block = null;
    this.#paceMs = nextPace(this.#paceMs, tookMs);
    this.#state = 'idle';
    this.#advance(block);
    this.#options.onProgress?.(this);
    if (!this.#isPumping) this.#pump();
  }

  #advance(block: Block): void {
    this.#options.log.release(block);
    this.#moveTo(block.next);
  }

  #moveTo(next: number): void {
    // skip() may have moved the cursor past this block.
    if (next <= this.#cursor) return;
    invariant(next <= this.end, 'a reader passed the position at which it ends');
    this.#options.log.advance(this.#cursor, next);
    this.#cursor = next;
  }

  #load(): void {
    this.#state = 'loading';
    this.#options.log.load(this.#cursor).then(
      () => {
        if (this.#state === 'loading') this.#pump();
      },
      (error: Error) => {
        if (this.#state === 'done') return;
        this.stop();
        this.#options.onError?.(error, this);
        this.#destination.fail(error);
      },
    );
  }
}
