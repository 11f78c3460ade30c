import type { TimeMark } from '../protocol/time.js';
import type { Clock } from '../util/environment.js';
import { invariant } from '../util/invariant.js';
import type { Block, MessageLog } from './message-log.js';

/** Where a reader delivers to. */
export interface Destination {
  /** How much it likes to take at a time, in bytes. Default: a segment. One that stops holds that much. */
  readonly maxBytes?: number | undefined;
  /** Whether it wants to be told when what it is sent was said. A client's reader cannot tell. */
  readonly wantsTimes?: boolean;
  /**
   * Takes one block; the next is given when `done` has been called. The buffers are the log's own: they must
   * have been used up, or copied, by then. After an error nothing more is given.
   *
   * @param times if it is `timed`, when the bytes were said: the first mark is at 0, and a line's is its beginning's
   */
  send(bytes: readonly Buffer[], done: (error?: Error | null) => void, times?: readonly TimeMark[]): void;
  /** All that was to be delivered has been. */
  finish(): void;
  /** What is still owed cannot be read back from disk. */
  fail(error: Error): void;
}

/** What many readers have in common: one object for all of them, since idle clients are to cost little. */
export interface ReaderOptions {
  readonly log: MessageLog;
  readonly clock: Clock;
  /** Told each time that the destination has taken a block. */
  readonly onProgress?: (reader: Reader) => void;
  /** Told when what it is owed cannot be read back. */
  readonly onError?: (error: Error, reader: Reader) => void;
  /** Told once, when the reader needs nothing more of the log, for whatever reason. */
  readonly onDone?: (reader: Reader) => void;
}

/** A part of the log that a reader does not deliver. */
export interface Missing {
  readonly bytes: number;
  /** When its first byte was said; undefined if that is on disk. */
  readonly from: number | undefined;
  /** When its last byte was said. */
  readonly to: number;
}

/**
 * `hesitating`: it has taken nothing for longer than its own pace explains, as any process may for a moment;
 * `stopped`: for much longer.
 */
export type Progress = 'going' | 'hesitating' | 'stopped';

/**
 * How long a block may take before its reader hesitates, and before it has stopped, in ms: that, or so many times
 * its pace. The kernel takes data in bursts of a megabyte or more, so a slow reader's pace is told by the longest of
 * its last waits, and one that needs more than five seconds for a burst (some 200 KB/s) counts as stopped.
 */
const HESITATES = { after: 200, times: 2 };
const STOPPED = { after: 2000, times: 4, atMost: 20_000 };
/** How much of the longest wait is remembered a block later. */
const MEMORY = 0.95;

/**
 * A cursor into the log and one destination, with at most one block in flight. It takes the next when the
 * destination has taken the last, so a destination that stops costs a number and one segment.
 */
export class Reader {
  /** The client whose own runs are skipped, or `NOBODY`. */
  readonly owner: number;
  readonly #destination: Destination;
  readonly #options: ReaderOptions;
  #cursor: number;
  #limit: number | undefined;
  #state: 'idle' | 'waiting' | 'sending' | 'loading' | 'done' = 'idle';
  #block: Block | null = null;
  #pumping = false;
  #sentAt = 0;
  #pace = 0;

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

  /** Whether it is only owed what was said before: what is said now is not for it. */
  get isFinishing(): boolean {
    return this.#limit !== undefined;
  }

  /** Whether it makes progress: a block in flight that is not taken for long means that it does not. */
  progress(now: number): Progress {
    if (this.#state !== 'sending') return 'going';
    const waited = now - this.#sentAt;
    if (waited <= Math.max(HESITATES.after, HESITATES.times * this.#pace)) return 'going';
    const { after, times, atMost } = STOPPED;
    return waited <= Math.min(atMost, Math.max(after, times * this.#pace)) ? 'hesitating' : 'stopped';
  }

  /** Delivers what has been said up to now, and then finishes. */
  finish(): void {
    if (this.#state === 'done' || this.#limit !== undefined) return;
    this.#limit = this.#options.log.end;
    this.#options.log.unfollow();
    if (this.#state === 'waiting') this.#pump();
  }

  /**
   * Leaves out what lies between the block in flight and the log's end, so that nothing is kept for it. Not once
   * it is to finish: then it is as good as there.
   */
  skip(): Missing {
    const { log } = this.#options;
    const missing = this.missing;
    if (this.#state === 'done' || this.#limit !== undefined) return { ...missing, bytes: 0 };
    log.advance(this.#cursor, log.end);
    this.#cursor = log.end;
    return missing;
  }

  /** What is not delivered and not in flight, up to where it ends; of a reader that was stopped, too. */
  get missing(): Missing {
    const { log } = this.#options;
    const start = Math.max(this.#block?.next ?? 0, this.#cursor);
    const bytes = (this.#limit ?? log.end) - start;
    return { bytes, from: bytes > 0 ? log.timeAt(start) : undefined, to: log.lastAppendTime };
  }

  /** Delivers nothing more, and needs nothing more of the log. */
  stop(): void {
    if (this.#state === 'done') return;
    this.#state = 'done';
    const { log, onDone: done } = this.#options;
    if (this.#block !== null) log.release(this.#block);
    this.#block = null;
    log.detach(this.#cursor, this.#limit);
    done?.(this);
  }

  #pump(): void {
    this.#pumping = true;
    this.#state = 'idle';
    // A destination may be done with a block before send() returns: then this goes on, and does not recurse.
    while (this.#state === 'idle') this.#next();
    this.#pumping = false;
  }

  #next(): void {
    const { log } = this.#options;
    const destination = this.#destination;
    const limit = this.#limit ?? log.end;
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
    else if (block.bytes.length === 0) this.#pass(block);
    else this.#send(block);
  }

  /** More has been said. It is the log that tells. */
  onAppend(): void {
    if (this.#state === 'waiting') this.#pump();
  }

  #send(block: Block): void {
    this.#state = 'sending';
    this.#block = block;
    const { clock, log } = this.#options;
    // What is taken at once keeps nobody waiting: the time need not be asked for, as it is for each small write otherwise.
    this.#sentAt = Number.POSITIVE_INFINITY;
    const destination = this.#destination;
    const times = destination.wantsTimes === true ? log.times(block) : undefined;
    let returned = false;
    let isDone = false as boolean;
    let failure: Error | null | undefined;
    const done = (error?: Error | null): void => {
      if (returned) this.#sent(block, clock.now() - this.#sentAt, error);
      else if (!isDone) {
        isDone = true;
        failure = error;
      }
    };
    // Its throw must not reach the readers behind it, nor ours pass for its own.
    try {
      destination.send(block.bytes, done, times);
    } catch (error) {
      this.stop();
      destination.fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    returned = true;
    if (isDone) this.#sent(block, 0, failure);
    else this.#sentAt = clock.now();
  }

  /** @param took how long the destination took, in ms */
  #sent(block: Block, took: number, error?: Error | null): void {
    // Once, whoever says it twice.
    if (this.#block !== block) return;
    if (error) {
      this.stop();
      return;
    }
    this.#block = null;
    this.#pace = Math.max(took, this.#pace * MEMORY);
    this.#state = 'idle';
    this.#pass(block);
    this.#options.onProgress?.(this);
    if (!this.#pumping) this.#pump();
  }

  #pass(block: Block): void {
    const { log } = this.#options;
    log.release(block);
    // Unless it has gone further meanwhile.
    if (block.next <= this.#cursor) return;
    invariant(block.next <= (this.#limit ?? log.end), 'a cursor passed the end of what it is to have');
    log.advance(this.#cursor, block.next);
    this.#cursor = block.next;
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
