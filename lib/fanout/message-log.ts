import type { TimeMark } from '../protocol/time.js';
import type { Clock } from '../util/environment.js';
import { invariant } from '../util/invariant.js';
import type { Pager } from './pager.js';
import type { Content, Segment } from './segment.js';
import { NO_OWNER } from './segment-index.js';

/** Who is to be told when more has been said. */
export interface Follower {
  onAppend(): void;
}

/** A piece of the log for one reader. */
export interface Block {
  readonly segments: readonly Segment[];
  /** Shared with the log: to be handed back by `release`, and not to be kept after that. */
  readonly bytes: readonly Buffer[];
  /** Where the reader's cursor stands once the block is delivered. */
  readonly next: number;
}

/** A part of a segment. */
interface Part {
  readonly segment: Segment;
  readonly content: Content;
  readonly from: number;
  readonly to: number;
}

/** A block of all that was said, whoever said it, and what was asked for. */
interface Whole extends Block {
  readonly parts: readonly Part[];
  readonly owners: ReadonlySet<number>;
  readonly cursor: number;
  readonly limit: number;
  readonly most: number;
}

/** Bytes said in one turn of the event loop before they are handed to the readers within that turn. */
const FLUSH = 512 * 1024;
/** How long what was said may wait for more, turn after turn, in ms. No timer waits for it. */
const PATIENCE = 1;
/** A line does not wait for much longer than it takes to write it to all who wait: so long for each of them, in ms. */
const A_READER = 0.02;
/** To write to so many readers takes longer than to look, for a turn, whether more is said. */
const FEW = 4;
/** For each so many of them one turn more is worth it. */
const READERS_A_TURN = 64;
/** Segments that are loaded together with the one that a laggard has come to. */
const READ_AHEAD = 3;

/**
 * The record of what was said: an append-only sequence of bytes, with the owner of each run of them. A position
 * is the count of bytes before it. The log is held once, however many read it, and only as far back as the
 * reader that is furthest behind.
 */
export class MessageLog {
  /** The position after the last byte. */
  end = 0;
  /** When the last byte was said, in milliseconds since 1970. */
  lastAppendTime = 0;
  readonly segmentBytes: number;
  readonly #pager: Pager;
  readonly #clock: Clock;
  #segments = new Map<number, Segment>();
  #tail: Segment | null = null;
  /** Most readers ask for the same one after another. */
  #last: Whole | null = null;
  /** Readers that will need whatever is said from now on. */
  #followers = 0;
  #waiting: Follower[] = [];
  #unflushed = 0;
  #scheduled = false;
  /** When what is not flushed began to be said. */
  #began = 0;
  /** How far it had come a turn ago, and for how many turns nothing has been said. */
  #seen = 0;
  #quiet = 0;
  /** Whether anything of it is to go with the next turn. */
  #urgent = false;

  constructor(segmentSize: number, pager: Pager, clock: Clock) {
    this.segmentBytes = segmentSize;
    this.#pager = pager;
    this.#clock = clock;
  }

  /**
   * @param text a string is latin1, a character a byte; a Buffer is copied
   * @param patient whether it may wait a little for more: notices come one a turn where many come at once
   * @param time when it was said, in milliseconds since 1970
   */
  append(owner: number, text: string | Buffer, patient = false, time = this.#clock.date()): void {
    if (!patient) this.#urgent = true;
    this.lastAppendTime = time;
    for (let start = 0; start < text.length; ) {
      const tail = this.#tail ?? this.#open();
      const written = tail.append(owner, text, start, time);
      start += written;
      this.end += written;
      this.#unflushed += written;
      if (tail.length === this.segmentBytes) this.#close(tail);
    }
    this.#schedule();
  }

  /** A reader of all that is said from now on. Gives its cursor. */
  attach(): number {
    this.#followers++;
    if (this.#tail !== null) this.#tail.readers++;
    return this.end;
  }

  /** A reader that needs nothing beyond `end`, the position where the log ends now, but is not there yet. */
  unfollow(): void {
    this.#followers--;
    invariant(this.#followers >= 0, 'more readers stopped following the log than had begun to');
  }

  /** A reader is gone. `end` is where it would have stopped; undefined if it had followed. */
  detach(cursor: number, end: number | undefined): void {
    if (end === undefined) this.unfollow();
    this.#pass(cursor, Math.ceil((end ?? this.end) / this.segmentBytes));
  }

  /** A reader has moved on. */
  advance(from: number, to: number): void {
    this.#pass(from, Math.floor(to / this.segmentBytes));
  }

  /**
   * What a reader that skips `owner`'s runs is to be given next, up to `limit` and not much more than `most`
   * bytes; null if that is on disk and has to be loaded first. There must be something: `cursor` < `limit`.
   */
  take(cursor: number, limit: number, owner: number, most: number): Block | null {
    const last = this.#last;
    const whole =
      last !== null && last.cursor === cursor && last.limit === limit && last.most === most && isThere(last)
        ? last
        : this.#whole(cursor, limit, most);
    if (whole === null) return null;
    this.#last = whole;
    const { parts, owners, segments, next } = whole;
    for (const segment of segments) this.#pager.pin(segment);
    if (!owners.has(owner) || owner === NO_OWNER) return whole;
    const bytes: Buffer[] = [];
    for (const { segment, from, to } of parts) bytes.push(...segment.slicesWithout(owner, from, to));
    return { segments, bytes, next };
  }

  #whole(cursor: number, limit: number, most: number): Whole | null {
    const parts: Part[] = [];
    let next = cursor;
    while (next < limit && next - cursor < most) {
      const segment = this.#segment(next);
      const { content } = segment;
      if (content === null) break;
      const base = segment.index * this.segmentBytes;
      const to = Math.min(limit - base, segment.length, next - base + most);
      parts.push({ segment, content, from: next - base, to });
      next = base + to;
    }
    if (parts.length === 0) return null;
    invariant(next > cursor && next <= limit, 'a block is not a part of what its reader is to have');
    const segments = parts.map(({ segment }) => segment);
    const bytes = parts.map(({ segment, from, to }) => segment.slice(from, to));
    const owners = new Set<number>();
    for (const { segment, from, to } of parts) segment.collectOwners(from, to, owners);
    return { parts, owners, segments, bytes, next, cursor, limit, most };
  }

  /** When the bytes of a block were said, for a reader that skips nothing: see {@link Destination.send}. */
  times({ segments, bytes, next }: Block): TimeMark[] {
    let at = 0;
    let cursor = next - bytes.reduce((sum, { length }) => sum + length, 0);
    return segments.flatMap((segment, index) => {
      const base = segment.index * this.segmentBytes;
      const { length } = bytes[index] as Buffer;
      const marks = (segment.content as Content).index.timeMarks(cursor - base, cursor - base + length, at);
      at += length;
      cursor += length;
      return marks;
    });
  }

  /** When the byte at this position was said; undefined if that is on disk. */
  timeAt(position: number): number | undefined {
    const base = Math.floor(position / this.segmentBytes) * this.segmentBytes;
    const times = this.#segments.get(base / this.segmentBytes)?.content?.index.times;
    return times?.value(times.find(position - base));
  }

  release(block: Pick<Block, 'segments'>): void {
    for (const segment of block.segments) this.#pager.unpin(segment);
  }

  /**
   * Brings back from disk what a reader at `cursor` needs, and begins to do so for what it will need after that.
   *
   * @throws {MiniServError} ERR_SPILL_READ
   */
  load(cursor: number): Promise<void> {
    const first = this.#segment(cursor);
    const loaded = this.#pager.load(first);
    // Not for many laggards at many places: what is loaded for all of them would be dropped before they come to it.
    if (this.#pager.pendingLoads > READ_AHEAD) return loaded;
    for (let ahead = 1; ahead <= READ_AHEAD; ahead++) {
      const segment = this.#segments.get(first.index + ahead);
      // If it cannot be read, the reader will be told when it comes to it.
      if (segment !== undefined && segment.readers > 0) this.#pager.load(segment).catch(() => {});
    }
    return loaded;
  }

  /** Tells it once when more has been said. */
  notifyOnce(follower: Follower): void {
    this.#waiting.push(follower);
  }

  #segment(cursor: number): Segment {
    const segment = this.#segments.get(Math.floor(cursor / this.segmentBytes));
    invariant(segment !== undefined, 'the log no longer holds what a reader has yet to have');
    return segment;
  }

  #open(): Segment {
    const segment = this.#pager.open(Math.floor(this.end / this.segmentBytes));
    segment.readers = this.#followers;
    this.#segments.set(segment.index, segment);
    this.#tail = segment;
    return segment;
  }

  #close(segment: Segment): void {
    this.#tail = null;
    if (segment.readers === 0) this.#free(segment);
    else this.#pager.close(segment);
  }

  #free(segment: Segment): void {
    this.#segments.delete(segment.index);
    this.#last = null;
    this.#pager.free(segment);
  }

  /** One reader less for each segment from the one that holds `cursor` up to, and without, `last`. */
  #pass(cursor: number, last: number): void {
    for (let index = Math.floor(cursor / this.segmentBytes); index < last; index++) {
      const segment = this.#segments.get(index);
      if (segment === undefined) continue;
      segment.readers--;
      invariant(segment.readers >= 0, 'a segment was passed by more readers than it had');
      if (segment.readers === 0 && segment !== this.#tail) this.#free(segment);
    }
  }

  /**
   * Readers are called after this turn of the event loop, in which all lines come that have arrived; where they are more
   * than a few, and for notices, not before a turn, or some, in which nothing was said. Those who answer each other do not
   * do so in one turn, and a turn takes in one connection: a burst of 1,500 would be a million writes.
   */
  #schedule(): void {
    if (this.#unflushed >= FLUSH) this.#flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#began = this.#clock.now();
    this.#clock.setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#quiet = this.end === this.#seen ? this.#quiet + 1 : 0;
    this.#seen = this.end;
    if (
      this.#unflushed > 0 &&
      this.#quiet < this.#patience &&
      this.#clock.now() - this.#began < this.#longest
    ) {
      this.#clock.setImmediate(this.#turn);
      return;
    }
    this.#scheduled = false;
    this.#flush();
  };

  /** For how many turns in which nothing is said what is not flushed may wait. */
  get #patience(): number {
    const readers = this.#waiting.length;
    if (!this.#urgent) return 1;
    return readers < FEW ? 0 : Math.ceil(readers / READERS_A_TURN);
  }

  /** And for how long at most, in ms. */
  get #longest(): number {
    return this.#urgent ? Math.min(PATIENCE, this.#waiting.length * A_READER) : PATIENCE;
  }

  #flush(): void {
    this.#unflushed = 0;
    this.#urgent = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const follower of waiting) follower.onAppend();
  }
}

/** Whether its bytes are still, or again, where they were. */
function isThere({ parts }: Whole): boolean {
  for (const { segment, content } of parts) if (segment.content !== content) return false;
  return true;
}
