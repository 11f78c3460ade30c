import { invariant } from '../util/invariant.js';
import type { Content, Segment } from './segment.js';
import { SegmentIndex } from './segment-index.js';

/** Released buffers that are kept in any case. New memory costs a page fault every 4 KiB. */
const MIN_SPARE_SEGMENTS = 16;

/**
 * Allocates the memory of segments, counts it, and keeps released buffers for the next segments. Freeing and allocating
 * them again, as backlogs come and go, would spread them over twice the memory.
 */
export class SegmentPool {
  /** Memory counted for all segments, in bytes. */
  memoryBytes = 0;
  readonly #segmentBytes: number;
  readonly #budgetSegments: number;
  #spare: Content[] = [];

  /** @param budgetBytes memory that segments in use and spare buffers may take together, if these are more than the minimum */
  constructor(segmentBytes: number, budgetBytes: number) {
    this.#segmentBytes = segmentBytes;
    this.#budgetSegments = Math.floor(budgetBytes / segmentBytes);
  }

  allocate(): Content {
    const spare = this.#spare.pop();
    spare?.index.clear();
    return spare ?? { bytes: Buffer.allocUnsafeSlow(this.#segmentBytes), index: new SegmentIndex() };
  }

  /** Counts memory for a segment; a negative number of bytes when it is freed. */
  count(segment: Segment, bytes: number): void {
    segment.countedBytes += bytes;
    this.memoryBytes += bytes;
    invariant(segment.countedBytes >= 0 && this.memoryBytes >= 0, 'more memory was freed than was counted');
  }

  /** Frees the memory of a segment that no write uses and that is on disk, or that no reader needs. */
  release(segment: Segment): void {
    const isNeeded = segment.readers > 0 && segment.location === null;
    invariant(segment.pins === 0 && !isNeeded, 'memory that is still in use was freed');
    const content = segment.releaseContent();
    if (content === null) return;
    this.count(segment, -segment.countedBytes);
    const inUse = Math.floor(this.memoryBytes / this.#segmentBytes);
    const maxSpare = Math.max(MIN_SPARE_SEGMENTS, this.#budgetSegments - inUse);
    if (this.#spare.length < maxSpare) this.#spare.push(content);
  }
}
