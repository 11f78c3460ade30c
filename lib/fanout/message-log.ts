import type { TimeMark } from '../protocol/time.js';
import type { Clock } from '../util/environment.js';
import { invariant } from '../util/invariant.js';
import { assembleBlock, type Block, type FullBlock, isReusable, withoutOwner } from './block.js';
import { FlushScheduler, type Follower } from './flush-scheduler.js';
import type { Pager } from './pager.js';
import type { Content, Segment } from './segment.js';

/** Segments that are loaded ahead, together with the one that a slow reader needs now. */
const READ_AHEAD_SEGMENTS = 3;
/** Up to this many bytes since the last flush are assembled once for all readers that wait. */
const MAX_SHARED_BYTES = 64 * 1024;

/**
 * The messages of the room as they go over the wire: an append-only sequence of bytes, with the owner and the time of
 * each. A position is the number of bytes before it. The log is stored once for all readers, and freed up to the
 * cursor of the reader that is furthest behind.
 */
export class MessageLog {
  /** The position after the last byte. */
  end = 0;
  /** When the last byte was sent, in milliseconds since 1970. */
  lastAppendTime = 0;
  readonly segmentBytes: number;
  readonly #pager: Pager;
  readonly #clock: Clock;
  readonly #scheduler: FlushScheduler;
  readonly #segments = new Map<number, Segment>();
  #tail: Segment | null = null;
  /** Readers that keep up ask for the same block one after another. */
  #lastBlock: FullBlock | null = null;
  /** The end of the log at the last flush, which is where most waiting readers are. */
  #flushedEnd = 0;
  /** Readers that will need all bytes that are appended from now on. */
  #followers = 0;

  constructor(segmentBytes: number, pager: Pager, clock: Clock) {
    this.segmentBytes = segmentBytes;
    this.#pager = pager;
    this.#clock = clock;
    this.#scheduler = new FlushScheduler(clock, (waiting) => this.#onFlush(waiting));
  }

  /**
   * @param text a Buffer, which is copied, or a latin1 string
   * @param isNotice whether readers may be called a little later, together with what follows
   * @param time when the text was sent, in milliseconds since 1970
   */
  append(owner: number, text: string | Buffer, isNotice = false, time = this.#clock.date()): void {
    this.#write(owner, text, time);
    this.#scheduler.add(text.length, isNotice);
  }

  /**
   * Appends lines in pieces. Readers are called after the last piece: a callback that adds a reader or a client would find
   * itself in the middle of a line otherwise.
   *
   * @returns the number of bytes
   */
  appendLines(owner: number, pieces: Iterable<string | Buffer>, time = this.#clock.date()): number {
    let bytes = 0;
    for (const piece of pieces) {
      this.#write(owner, piece, time);
      bytes += piece.length;
    }
    this.#scheduler.add(bytes, false);
    return bytes;
  }

  #write(owner: number, text: string | Buffer, time: number): void {
    this.lastAppendTime = time;
    for (let start = 0; start < text.length; ) {
      const tail = this.#tail ?? this.#openSegment();
      const written = tail.append(owner, text, start, time);
      start += written;
      this.end += written;
      if (tail.length === this.segmentBytes) this.#closeSegment(tail);
    }
  }

  /** Adds a reader of all bytes that are appended from now on. Returns its cursor. */
  attach(): number {
    this.#followers++;
    if (this.#tail !== null) this.#tail.readers++;
    return this.end;
  }

  /** A reader needs no bytes beyond the current end, but has yet to reach it. */
  unfollow(): void {
    this.#followers--;
    invariant(this.#followers >= 0, 'more readers stopped following the log than had started to');
  }

  /**
   * Removes a reader.
   *
   * @param end where it stopped following the log; undefined if it followed to the last
   */
  detach(cursor: number, end: number | undefined): void {
    if (end === undefined) this.unfollow();
    this.#passSegments(cursor, Math.ceil((end ?? this.end) / this.segmentBytes));
  }

  /** Moves the cursor of a reader. */
  advance(from: number, to: number): void {
    this.#passSegments(from, Math.floor(to / this.segmentBytes));
  }

  /**
   * Returns the next block for a reader, up to `limit` and at most `maxBytes` long. Its memory stays as it is until
   * the block is released. The caller ensures that `cursor` < `limit`.
   *
   * @param owner the client whose bytes are left out
   * @returns null if the bytes are on disk and have to be loaded first
   */
  take(cursor: number, limit: number, owner: number, maxBytes: number): Block | null {
    const last = this.#lastBlock;
    const block =
      last !== null && isReusable(last, cursor, limit, maxBytes)
        ? last
        : assembleBlock(cursor, limit, maxBytes, this.segmentBytes, this.#segmentAt);
    if (block === null) return null;
    this.#lastBlock = block;
    for (const segment of block.segments) this.#pager.pin(segment);
    return withoutOwner(block, owner);
  }

  release(block: Pick<Block, 'segments'>): void {
    for (const segment of block.segments) this.#pager.unpin(segment);
  }

  /** Returns when the bytes of a block were sent. The block must contain the bytes of all owners. */
  times({ segments, bytes, next }: Block): TimeMark[] {
    let at = 0;
    let cursor = next - bytes.reduce((sum, { length }) => sum + length, 0);
    return segments.flatMap((segment, i) => {
      const base = segment.index * this.segmentBytes;
      const { length } = bytes[i] as Buffer;
      const { index } = segment.content as Content;
      const marks = index.timeMarks(cursor - base, cursor - base + length, at);
      at += length;
      cursor += length;
      return marks;
    });
  }

  /**
   * Copies the newest bytes: those from `start` on, as far as they are in the segment that is being written.
   *
   * @param maxBytes maximum length; older bytes are left out
   */
  tail(start: number, maxBytes: number): Buffer {
    const tail = this.#tail;
    if (tail === null) return Buffer.alloc(0);
    const base = tail.index * this.segmentBytes;
    return Buffer.from(tail.slice(Math.max(start - base, tail.length - maxBytes, 0), tail.length));
  }

  /** Returns when the byte at a position was sent; undefined if it is on disk. */
  timeAt(position: number): number | undefined {
    const base = Math.floor(position / this.segmentBytes) * this.segmentBytes;
    const times = this.#segments.get(base / this.segmentBytes)?.content?.index.times;
    return times?.value(times.find(position - base));
  }

  /**
   * Loads the segment that a reader needs at `cursor`, and starts to load those that follow.
   *
   * @throws {MiniServError} ERR_SPILL_READ
   */
  load(cursor: number): Promise<void> {
    const first = this.#segmentAt(cursor);
    const loaded = this.#pager.load(first);
    // With many slow readers, segments loaded ahead would be dropped before their readers reach them.
    if (this.#pager.pendingLoads > READ_AHEAD_SEGMENTS) return loaded;
    for (let ahead = 1; ahead <= READ_AHEAD_SEGMENTS; ahead++) {
      const segment = this.#segments.get(first.index + ahead);
      // A failure is reported when the reader reaches this segment and loads it again.
      if (segment !== undefined && segment.readers > 0) this.#pager.load(segment).catch(() => {});
    }
    return loaded;
  }

  /** Calls `follower` once after bytes were appended. */
  notifyOnce(follower: Follower): void {
    this.#scheduler.notifyOnce(follower);
  }

  #onFlush(waiting: readonly Follower[]): void {
    const shared = this.#sharedBlock();
    this.#flushedEnd = this.end;
    const [segment] = shared?.segments ?? [];
    // One pin for all readers that take the block at once.
    if (segment !== undefined) this.#pager.pin(segment);
    for (const follower of waiting) follower.onAppend(shared);
    if (segment !== undefined) this.#pager.unpin(segment);
  }

  #sharedBlock(): FullBlock | null {
    const { end, segmentBytes } = this;
    const index = Math.floor(this.#flushedEnd / segmentBytes);
    if (end - this.#flushedEnd > MAX_SHARED_BYTES || end > (index + 1) * segmentBytes) return null;
    // The segment is missing if no reader needs it.
    if (end === this.#flushedEnd || !this.#segments.has(index)) return null;
    this.#lastBlock = assembleBlock(this.#flushedEnd, end, segmentBytes, segmentBytes, this.#segmentAt);
    return this.#lastBlock;
  }

  /** Keeps the memory of a shared block as it is until the block is released. */
  hold(block: Pick<Block, 'segments'>): void {
    for (const segment of block.segments) this.#pager.pin(segment);
  }

  readonly #segmentAt = (position: number): Segment => {
    const segment = this.#segments.get(Math.floor(position / this.segmentBytes));
    invariant(segment !== undefined, 'the log no longer holds bytes that a reader needs');
    return segment;
  };

  #openSegment(): Segment {
    const segment = this.#pager.open(Math.floor(this.end / this.segmentBytes));
    segment.readers = this.#followers;
    this.#segments.set(segment.index, segment);
    this.#tail = segment;
    return segment;
  }

  #closeSegment(segment: Segment): void {
    this.#tail = null;
    if (segment.readers === 0) this.#freeSegment(segment);
    else this.#pager.close(segment);
  }

  #freeSegment(segment: Segment): void {
    this.#segments.delete(segment.index);
    this.#lastBlock = null;
    this.#pager.free(segment);
  }

  /** A reader no longer needs the segments from the one that holds `cursor` to the one before `last`. */
  #passSegments(cursor: number, last: number): void {
    for (let index = Math.floor(cursor / this.segmentBytes); index < last; index++) {
      const segment = this.#segments.get(index);
      if (segment === undefined) continue;
      segment.readers--;
      invariant(segment.readers >= 0, 'a segment was passed by more readers than it had');
      if (segment.readers === 0 && segment !== this.#tail) this.#freeSegment(segment);
    }
  }
}
