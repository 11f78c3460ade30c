import type { Clock } from '../util/environment.js';
import type { MiniServError } from '../util/errors.js';
import { invariant } from '../util/invariant.js';
import { type Content, Segment } from './segment.js';
import { SegmentLoader } from './segment-loader.js';
import { SegmentPool } from './segment-pool.js';
import type { Spill } from './spill.js';
import { SpillQueue } from './spill-queue.js';

const MIB = 1024 * 1024;
const MIN_LOADED_SEGMENTS = 4;
const MAX_LOADED_BYTES = 8 * MIB;

export interface PagerOptions {
  readonly clock: Clock;
  readonly spill: Spill;
  readonly segmentBytes: number;
  /** Memory for closed segments, in bytes. Above it the oldest are written to disk. */
  readonly memoryBytes: number;
  readonly warn: (warning: MiniServError) => void;
  /** Called when a full disk, which was reported by ERR_SPILL_FULL, has space again. */
  readonly onSpillDrain: () => void;
  /** Called when `isFull` has become false. */
  readonly onDrain: () => void;
}

/**
 * Decides which segments are in memory. Above the budget the oldest are on disk. A segment that a slow reader needs is
 * loaded again, and some loaded segments are kept for the readers behind it.
 */
export class Pager {
  readonly #segmentBytes: number;
  readonly #spill: Spill;
  readonly #pool: SegmentPool;
  readonly #queue: SpillQueue;
  readonly #loader: SegmentLoader;
  readonly #maxLoaded: number;
  /** Segments that are in memory and on disk, and not pinned. The one that was loaded first comes first. */
  readonly #loaded = new Set<Segment>();

  constructor(options: PagerOptions) {
    const { segmentBytes, memoryBytes, spill, clock } = options;
    this.#segmentBytes = segmentBytes;
    this.#spill = spill;
    const maxLoadedBytes = Math.min(MAX_LOADED_BYTES, memoryBytes / 4);
    this.#maxLoaded = Math.max(MIN_LOADED_SEGMENTS, Math.floor(maxLoadedBytes / segmentBytes));
    this.#pool = new SegmentPool(segmentBytes, memoryBytes);
    this.#queue = new SpillQueue({
      ...options,
      loadedBytes: () => this.#loaded.size * segmentBytes,
      onWritten: (segment) => this.#pool.release(segment),
    });
    this.#loader = new SegmentLoader({
      clock,
      spill,
      segmentBytes,
      pool: this.#pool,
      onLoaded: (segment) => this.#keepLoaded(segment),
    });
  }

  /** Bytes of the log in memory. */
  get memoryBytes(): number {
    return this.#pool.memoryBytes;
  }

  /** Bytes of the log on disk. */
  get diskBytes(): number {
    return this.#spill.usedBytes;
  }

  get pendingLoads(): number {
    return this.#loader.pendingLoads;
  }

  /** Whether senders must wait: the memory is used up, and the disk is full or slower than they are. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** Creates a segment, in memory. */
  open(index: number): Segment {
    const segment = new Segment(index, this.#pool.allocate());
    this.#pool.count(segment, this.#segmentBytes);
    return segment;
  }

  /** Closes a full segment that readers still need. */
  close(segment: Segment): void {
    this.#pool.count(segment, (segment.content as Content).index.memoryBytes);
    if (segment.pins === 0) this.#queue.add(segment);
  }

  /** Frees a segment that no reader needs. Its memory is freed when no write uses it. */
  free(segment: Segment): void {
    invariant(segment.readers === 0, 'a segment that a reader needs was freed');
    this.#queue.remove(segment);
    this.#loaded.delete(segment);
    if (segment.location !== null) {
      this.#spill.free(segment.location);
      segment.location = null;
    }
    if (segment.pins === 0) this.#pool.release(segment);
    this.#queue.onSpaceFreed();
  }

  /** Keeps a segment in memory while a write uses it. */
  pin(segment: Segment): void {
    if (segment.pins++ > 0) return;
    this.#queue.remove(segment);
    this.#loaded.delete(segment);
  }

  unpin(segment: Segment): void {
    segment.pins--;
    invariant(segment.pins >= 0, 'a segment was unpinned more often than it was pinned');
    if (segment.pins > 0) return;
    const isClosed = segment.length === this.#segmentBytes;
    if (segment.readers === 0 && isClosed) this.#pool.release(segment);
    else if (segment.location !== null) this.#keepLoaded(segment);
    else if (isClosed) this.#queue.add(segment);
  }

  /**
   * Brings a segment back from disk.
   *
   * @throws {MiniServError} ERR_SPILL_READ after several attempts
   */
  load(segment: Segment): Promise<void> {
    return this.#loader.load(segment);
  }

  shutdown(): void {
    this.#queue.shutdown();
    this.#loader.shutdown();
  }

  /** Keeps a loaded segment for other slow readers, and releases the oldest of too many. */
  #keepLoaded(segment: Segment): void {
    this.#loaded.add(segment);
    this.#queue.writeExcess();
    if (this.#loaded.size <= this.#maxLoaded) return;
    for (const oldest of this.#loaded) {
      this.#loaded.delete(oldest);
      this.#pool.release(oldest);
      return;
    }
  }
}
