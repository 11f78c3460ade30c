import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import { invariant } from '../util/invariant.js';
import { type Content, Segment, type SpillLocation } from './segment.js';
import { SegmentIndex } from './segment-index.js';
import type { Spill } from './spill.js';

const MIB = 1024 * 1024;
/**
 * Buffers of freed segments kept for the next ones, since fresh memory costs a page fault every 4 KiB: so many, or up
 * to half of the budget with what is in memory.
 */
const SPARE = 16;
/** Segments that are written to disk together: one at a time, each would wait for turns of a busy event loop. */
const GROUP = 8;
/** How long to wait before a failed read of a spilled segment is tried again, in ms. */
const READ_RETRIES = [10, 100, 1000];
/** How often a full disk is looked at again, in ms, beside every time that a reader frees some of it. */
const FULL_RETRY = 500;

export interface PagerOptions {
  readonly clock: Clock;
  readonly spill: Spill;
  readonly segmentBytes: number;
  /** Bytes of closed segments that are kept in memory before the oldest are written to disk. */
  readonly memoryBytes: number;
  readonly warn: (warning: MiniServError) => void;
  /** Told when there is room again, after a warning ERR_SPILL_FULL. */
  readonly onSpillDrain: () => void;
  /** Told when `overfull` has become false. */
  readonly onDrain: () => void;
}

/**
 * Decides which segments are in memory. Up to the budget all of them are; past it the oldest closed ones are
 * written to disk, some at a time. A laggard that comes to a segment on disk has it loaded; a few loaded
 * ones are kept for those who follow it.
 *
 * A segment that a write under way points into cannot leave memory and does not count against the budget:
 * stalled readers pin one each, and must never be the reason why senders wait.
 */
export class Pager {
  readonly #options: PagerOptions;
  readonly #slack: number;
  readonly #cacheSize: number;
  readonly #spareSize: number;
  /** Closed, not on disk, not pinned; oldest first. */
  #dirty = new Set<Segment>();
  #dirtyBytes = 0;
  /** In memory and on disk, not pinned; the one loaded longest ago first. */
  #clean = new Set<Segment>();
  #loading = new Map<Segment, Promise<void>>();
  /** Waits that are under way, and how to end them. */
  #pauses = new Set<() => void>();
  #spare: Content[] = [];
  #resident = 0;
  #spilling = false;
  /** How much was on disk when it was reported full; undefined while it is not. */
  #fullAt: number | undefined;
  #overfull = false;
  #closed = false;
  #cancelRetry: () => void = () => {};

  constructor(options: PagerOptions) {
    this.#options = options;
    const { segmentBytes: segmentSize, memoryBytes: memory } = options;
    this.#slack = Math.max(4 * segmentSize, Math.min(8 * MIB, memory / 4));
    this.#spareSize = Math.floor(memory / 2 / segmentSize);
    this.#cacheSize = Math.max(4, Math.floor(Math.min(8 * MIB, memory / 4) / segmentSize));
  }

  /** Bytes of the log in memory. */
  get memoryBytes(): number {
    return this.#resident;
  }

  /** Bytes of the log on disk. */
  get diskBytes(): number {
    return this.#options.spill.usedBytes;
  }

  /** Segments that are being loaded. */
  get pendingLoads(): number {
    return this.#loading.size;
  }

  /** True while no more can be said: memory is used up and the disk is full, or slower than the senders. */
  get isFull(): boolean {
    return this.#overfull;
  }

  /** A new segment, in memory. */
  open(index: number): Segment {
    const segment = new Segment(index, this.#blank());
    this.#weigh(segment, this.#options.segmentBytes);
    return segment;
  }

  /** A segment is full, and somebody has yet to read it. */
  close(segment: Segment): void {
    this.#weigh(segment, (segment.content as Content).index.memoryBytes);
    if (segment.pins === 0) this.#addDirty(segment);
  }

  /** Nobody needs a segment any more. */
  free(segment: Segment): void {
    invariant(segment.readers === 0, 'a segment was freed that a reader has yet to have');
    this.#removeDirty(segment);
    this.#clean.delete(segment);
    if (segment.location !== null) {
      this.#options.spill.free(segment.location);
      segment.location = null;
    }
    if (segment.pins === 0) this.#drop(segment);
    if (this.#fullAt === undefined) return;
    // What a reader gave back may be what the spill was waiting for.
    this.#spill();
    this.#settle();
  }

  pin(segment: Segment): void {
    if (segment.pins++ > 0) return;
    this.#removeDirty(segment);
    this.#clean.delete(segment);
  }

  unpin(segment: Segment): void {
    segment.pins--;
    invariant(segment.pins >= 0, 'a segment was given back more often than it was taken');
    if (segment.pins > 0) return;
    const closed = segment.length === this.#options.segmentBytes;
    if (segment.readers === 0 && closed) this.#drop(segment);
    else if (segment.location !== null) this.#keepClean(segment);
    else if (closed) this.#addDirty(segment);
  }

  /**
   * Brings a segment back from disk.
   *
   * @throws {MiniServError} ERR_SPILL_READ, after a few tries
   */
  load(segment: Segment): Promise<void> {
    let loading = this.#loading.get(segment);
    if (loading === undefined) {
      loading = this.#load(segment).finally(() => this.#loading.delete(segment));
      this.#loading.set(segment, loading);
    }
    return loading;
  }

  shutdown(): void {
    this.#closed = true;
    this.#cancelRetry();
    for (const end of this.#pauses) end();
  }

  async #load(segment: Segment): Promise<void> {
    const { segmentBytes: segmentSize, spill } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const { location: place } = segment;
      if (place === null || segment.content !== null) return;
      const { bytes } = this.#blank();
      try {
        const index = Buffer.alloc(place.length - segmentSize);
        await Promise.all([spill.read(place, bytes, 0), spill.read(place, index, segmentSize)]);
        if (segment.readers === 0) return;
        segment.content = { bytes, index: SegmentIndex.fromBytes(index) };
        this.#weigh(segment, segmentSize + segment.content.index.memoryBytes);
        this.#keepClean(segment);
        return;
      } catch (cause) {
        if (segment.readers === 0) return;
        const delay = READ_RETRIES[attempt];
        if (delay === undefined || this.#closed) {
          const reason = cause instanceof Error ? cause.message : String(cause);
          throw new MiniServError('ERR_SPILL_READ', `a spilled segment could not be read back: ${reason}`, {
            cause,
          });
        }
        await this.#pause(delay);
      }
    }
  }

  /** Over early if the pager is shut down. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = this.#options.clock.setTimer(ms, end);
      this.#pauses.add(end);
    });
  }

  /** Keeps a loaded segment for the laggards that follow, as long as there are not too many of them. */
  #keepClean(segment: Segment): void {
    this.#clean.add(segment);
    if (this.#isOver()) this.#spill();
    if (this.#clean.size <= this.#cacheSize) return;
    for (const oldest of this.#clean) {
      this.#clean.delete(oldest);
      this.#drop(oldest);
      return;
    }
  }

  #addDirty(segment: Segment): void {
    if (this.#dirty.has(segment)) return;
    this.#dirty.add(segment);
    this.#dirtyBytes += segment.countedBytes;
    this.#settle();
    if (this.#isOver()) this.#spill();
  }

  #removeDirty(segment: Segment): void {
    if (!this.#dirty.delete(segment)) return;
    this.#dirtyBytes -= segment.countedBytes;
    invariant(this.#dirtyBytes >= 0, 'less than nothing waits for the disk');
    this.#settle();
  }

  #weigh(segment: Segment, bytes: number): void {
    segment.countedBytes += bytes;
    this.#resident += bytes;
    invariant(segment.countedBytes >= 0 && this.#resident >= 0, 'less than nothing is in memory');
  }

  /**
   * How many bytes memory holds more than it may: what has been loaded again takes the place of what has yet to be
   * read.
   */
  get #excess(): number {
    const { segmentBytes: segmentSize, memoryBytes: memory } = this.#options;
    return this.#dirtyBytes + this.#clean.size * segmentSize - memory;
  }

  #isOver(): boolean {
    return this.#excess > 0;
  }

  /** The two states that follow from how much lies in memory: senders wait, and the disk is reported full. */
  #settle(): void {
    const { memoryBytes: memory, onDrain: room, onSpillDrain: spillRoom } = this.#options;
    const overfull = this.#dirtyBytes > memory + this.#slack;
    const freed = this.#overfull && !overfull;
    this.#overfull = overfull;
    if (this.#fullAt !== undefined && this.#hasRoom(this.#fullAt)) {
      this.#fullAt = undefined;
      this.#cancelRetry();
      spillRoom();
    }
    if (freed) room();
  }

  /**
   * Whether a disk that was full has room again for more than a moment: readers have taken half of what was
   * there, or somebody has made room for a quarter more.
   */
  #hasRoom(fullAt: number): boolean {
    const { memoryBytes: memory, segmentBytes: segmentSize } = this.#options;
    if (this.diskBytes <= fullAt / 2) return this.#dirtyBytes <= memory / 2;
    return !this.#isOver() && this.diskBytes > fullAt * 1.25 + segmentSize;
  }

  #spill(): void {
    if (this.#spilling || this.#closed) return;
    this.#cancelRetry();
    void this.#spillAll();
  }

  async #spillAll(): Promise<void> {
    this.#spilling = true;
    let most = GROUP;
    try {
      while (this.#isOver() && !this.#closed) {
        const group = this.#oldest(most);
        if (group.length === 0) return;
        try {
          await this.#spillGroup(group);
        } catch (cause) {
          // There may be room for one.
          if (group.length === 1) throw cause;
          most = 1;
        }
      }
    } catch (cause) {
      // A reader may have left meanwhile, and what could not be written be of no use any more.
      if (!this.#closed && this.#isOver()) this.#diskFull(cause);
    } finally {
      this.#spilling = false;
    }
  }

  /** The oldest that may be spilled, as many as are too many in memory, at most `most`. */
  #oldest(most: number): Segment[] {
    let over = this.#excess;
    const group: Segment[] = [];
    for (const segment of this.#dirty) {
      if (over <= 0 || group.length === most) break;
      group.push(segment);
      over -= segment.countedBytes;
    }
    return group;
  }

  /** Pinned while they are written, and counted all the same: they are in memory until they are on disk. */
  async #spillGroup(group: readonly Segment[]): Promise<void> {
    const { spill } = this.#options;
    const records = group.map((segment) => {
      const { bytes, index } = segment.content as Content;
      segment.pins++;
      return [bytes, index.toBytes()];
    });
    let places: SpillLocation[] = [];
    try {
      places = await spill.write(records);
    } finally {
      for (const [i, segment] of group.entries()) this.#spilled(segment, places[i]);
      this.#settle();
    }
  }

  /** @param place undefined if it could not be written */
  #spilled(segment: Segment, place: SpillLocation | undefined): void {
    if (place !== undefined && segment.readers === 0) this.#options.spill.free(place);
    else if (place !== undefined) segment.location = place;
    segment.pins--;
    if (segment.location !== null || segment.pins > 0) this.#removeDirty(segment);
    if (segment.pins === 0 && (segment.location !== null || segment.readers === 0)) this.#drop(segment);
  }

  #diskFull(cause: unknown): void {
    if (this.#fullAt === undefined) {
      this.#fullAt = this.diskBytes;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `no room for spilled segments (${reason}): senders wait`;
      this.#options.warn(new MiniServError('ERR_SPILL_FULL', message, { cause }));
    }
    this.#cancelRetry = this.#options.clock.setTimer(FULL_RETRY, () => this.#spill());
  }

  #blank(): Content {
    const spare = this.#spare.pop();
    spare?.index.clear();
    const { segmentBytes: segmentSize } = this.#options;
    return spare ?? { bytes: Buffer.allocUnsafeSlow(segmentSize), index: new SegmentIndex() };
  }

  #drop(segment: Segment): void {
    const needed = segment.readers > 0 && segment.location === null;
    invariant(segment.pins === 0 && !needed, 'memory was given back that somebody still reads');
    const content = segment.releaseContent();
    if (content === null) return;
    this.#weigh(segment, -segment.countedBytes);
    const held = Math.floor(this.#resident / this.#options.segmentBytes);
    if (this.#spare.length < Math.max(SPARE, this.#spareSize - held)) this.#spare.push(content);
  }
}
