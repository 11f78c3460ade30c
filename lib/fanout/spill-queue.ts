import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import { invariant } from '../util/invariant.js';
import type { Content, Segment, SpillLocation } from './segment.js';
import type { Spill } from './spill.js';

const MIB = 1024 * 1024;
/** Segments that are written together. One by one, each would wait for turns of a busy event loop. */
const BATCH_SEGMENTS = 8;
/** How often a write to a full disk is tried again, in addition to each time that a reader frees space. */
const FULL_DISK_RETRY_MS = 500;

export interface SpillQueueOptions {
  readonly clock: Clock;
  readonly spill: Spill;
  readonly segmentBytes: number;
  /** Memory for closed segments, in bytes. Above it the oldest are written to disk. */
  readonly memoryBytes: number;
  /** Memory of segments that were loaded again, in bytes. It counts against the same budget. */
  readonly loadedBytes: () => number;
  /** Called when a segment was written or is no longer needed, and its memory can be freed. */
  readonly onWritten: (segment: Segment) => void;
  readonly warn: (warning: MiniServError) => void;
  /** Called when a full disk, which was reported by ERR_SPILL_FULL, has space again. */
  readonly onSpillDrain: () => void;
  /** Called when `isFull` has become false. */
  readonly onDrain: () => void;
}

/**
 * Closed segments that are only in memory, and the writing of the oldest to disk. Pinned segments are not in the queue:
 * they cannot leave memory, and stalled readers, which pin one each, must not make senders wait.
 */
export class SpillQueue {
  readonly #options: SpillQueueOptions;
  /** How far memory may exceed the budget while segments are being written, in bytes. */
  readonly #slackBytes: number;
  /** Oldest first. */
  readonly #segments = new Set<Segment>();
  #queuedBytes = 0;
  #isWriting = false;
  #isFull = false;
  /** How much was on disk when the disk was reported as full, in bytes; undefined while it is not. */
  #fullDiskBytes: number | undefined;
  #isShutDown = false;
  #cancelRetry: () => void = () => {};

  constructor(options: SpillQueueOptions) {
    this.#options = options;
    const { segmentBytes, memoryBytes } = options;
    this.#slackBytes = Math.max(4 * segmentBytes, Math.min(8 * MIB, memoryBytes / 4));
  }

  /** Whether senders must wait: the memory is used up, and the disk is full or slower than they are. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(segment: Segment): void {
    if (this.#segments.has(segment)) return;
    this.#segments.add(segment);
    this.#queuedBytes += segment.countedBytes;
    this.#updateState();
    this.writeExcess();
  }

  remove(segment: Segment): void {
    if (!this.#segments.delete(segment)) return;
    this.#queuedBytes -= segment.countedBytes;
    invariant(this.#queuedBytes >= 0, 'more bytes left the spill queue than had entered it');
    this.#updateState();
  }

  /** Starts to write segments to disk if there are more in memory than the budget allows. */
  writeExcess(): void {
    if (this.#excessBytes <= 0 || this.#isWriting || this.#isShutDown) return;
    this.#cancelRetry();
    void this.#writeAll();
  }

  /** Must be called when disk space was freed, which may end the wait for a full disk. */
  onSpaceFreed(): void {
    if (this.#fullDiskBytes === undefined) return;
    this.writeExcess();
    this.#updateState();
  }

  shutdown(): void {
    this.#isShutDown = true;
    this.#cancelRetry();
  }

  get #excessBytes(): number {
    const { memoryBytes, loadedBytes } = this.#options;
    return this.#queuedBytes + loadedBytes() - memoryBytes;
  }

  #updateState(): void {
    const { memoryBytes, onDrain, onSpillDrain } = this.#options;
    const wasFull = this.#isFull;
    this.#isFull = this.#queuedBytes > memoryBytes + this.#slackBytes;
    if (this.#fullDiskBytes !== undefined && this.#hasDiskSpace(this.#fullDiskBytes)) {
      this.#fullDiskBytes = undefined;
      this.#cancelRetry();
      onSpillDrain();
    }
    if (wasFull && !this.#isFull) onDrain();
  }

  /**
   * Whether a full disk has space again for more than a moment: readers have freed half of the backlog, or a quarter
   * more could be written.
   */
  #hasDiskSpace(fullDiskBytes: number): boolean {
    const { memoryBytes, segmentBytes, spill } = this.#options;
    if (spill.usedBytes <= fullDiskBytes / 2) return this.#queuedBytes <= memoryBytes / 2;
    return this.#excessBytes <= 0 && spill.usedBytes > fullDiskBytes * 1.25 + segmentBytes;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    let maxSegments = BATCH_SEGMENTS;
    try {
      while (this.#excessBytes > 0 && !this.#isShutDown) {
        const batch = this.#oldest(maxSegments);
        if (batch.length === 0) return;
        try {
          await this.#write(batch);
        } catch (cause) {
          // There may be space for one segment.
          if (batch.length === 1) throw cause;
          maxSegments = 1;
        }
      }
    } catch (cause) {
      // Readers may have freed enough memory during the write.
      if (!this.#isShutDown && this.#excessBytes > 0) this.#onDiskFull(cause);
    } finally {
      this.#isWriting = false;
    }
  }

  /** Returns the oldest segments: as many as exceed the budget, and at most `maxSegments`. */
  #oldest(maxSegments: number): Segment[] {
    let excessBytes = this.#excessBytes;
    const batch: Segment[] = [];
    for (const segment of this.#segments) {
      if (excessBytes <= 0 || batch.length === maxSegments) break;
      batch.push(segment);
      excessBytes -= segment.countedBytes;
    }
    return batch;
  }

  /** Writes segments. They are pinned meanwhile, but stay in the queue, because they still take memory. */
  async #write(batch: readonly Segment[]): Promise<void> {
    const records = batch.map((segment) => {
      const { bytes, index } = segment.content as Content;
      segment.pins++;
      return [bytes, index.toBytes()];
    });
    let locations: SpillLocation[] = [];
    try {
      locations = await this.#options.spill.write(records);
    } finally {
      for (const [i, segment] of batch.entries()) this.#onWriteEnd(segment, locations[i]);
      this.#updateState();
    }
  }

  /** @param location undefined if the segment could not be written */
  #onWriteEnd(segment: Segment, location: SpillLocation | undefined): void {
    if (location !== undefined && segment.readers === 0) this.#options.spill.free(location);
    else if (location !== undefined) segment.location = location;
    segment.pins--;
    if (segment.location !== null || segment.pins > 0) this.remove(segment);
    if (segment.pins > 0) return;
    if (segment.location !== null || segment.readers === 0) this.#options.onWritten(segment);
  }

  #onDiskFull(cause: unknown): void {
    const { spill, clock, warn } = this.#options;
    if (this.#fullDiskBytes === undefined) {
      this.#fullDiskBytes = spill.usedBytes;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `cannot write the backlog to disk (${reason}): senders wait until there is space`;
      warn(new MiniServError('ERR_SPILL_FULL', message, { cause }));
    }
    this.#cancelRetry = clock.setTimer(FULL_DISK_RETRY_MS, () => this.writeExcess());
  }
}
