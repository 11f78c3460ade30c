import { Pager, type PagerOptions } from '../../lib/fanout/pager.js';
import type { Segment } from '../../lib/fanout/segment.js';
import { SPAN_BYTES } from '../../lib/fanout/segment-index.js';
import { Spill } from '../../lib/fanout/spill.js';
import type { MiniServError } from '../../lib/index.js';
import { fakeEnvironment } from './fake-environment.js';

export const SEGMENT_BYTES = 1024;
/** The memory of a closed segment: its bytes, and the smallest index. */
export const CLOSED_BYTES = SEGMENT_BYTES + 2 * 16 * SPAN_BYTES;
/** A segment on disk, whose index has one span of owners and one of times. */
export const RECORD_BYTES = SEGMENT_BYTES + 4 + 2 * SPAN_BYTES;

/** A pager on a fake file system. */
export function setUpPager(options: Partial<PagerOptions> = {}) {
  const { clock, fs } = fakeEnvironment();
  const warnings: MiniServError[] = [];
  const counts = { onSpillDrain: 0, onDrain: 0, reads: 0, writes: 0 };
  const spill = new Spill({ fs, dir: '/spill', limitBytes: undefined, warn: () => {} });
  const { read, write } = spill;
  spill.read = (...args) => {
    counts.reads++;
    return read.apply(spill, args);
  };
  spill.write = (...args) => {
    counts.writes++;
    return write.apply(spill, args);
  };
  const pager = new Pager({
    clock,
    spill,
    segmentBytes: SEGMENT_BYTES,
    memoryBytes: 1e9,
    warn: (warning) => void warnings.push(warning),
    onSpillDrain: () => void counts.onSpillDrain++,
    onDrain: () => void counts.onDrain++,
    ...options,
  });
  const { segmentBytes = SEGMENT_BYTES } = options;
  let nextIndex = 0;
  /** Creates closed segments that one reader needs. */
  const closedSegments = (count: number): Segment[] =>
    Array.from({ length: count }, () => {
      const segment = pager.open(nextIndex++);
      segment.readers = 1;
      segment.append(7, String(segment.index).padEnd(segmentBytes, 'x'), 0, 123);
      pager.close(segment);
      return segment;
    });
  const free = (segments: Iterable<Segment>): void => {
    for (const segment of segments) {
      segment.readers = 0;
      pager.free(segment);
    }
  };
  /** Makes writes wait until the returned function is called. */
  const holdWrites = (): (() => void) => {
    let release = (): void => {};
    fs.gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  };
  return { clock, fs, spill, pager, warnings, counts, closedSegments, free, holdWrites };
}

/** The indexes of the segments that are on disk only. */
export const onDisk = (segments: readonly Segment[]): number[] =>
  segments.filter(({ location, content }) => location !== null && content === null).map(({ index }) => index);

export const inMemory = (segments: readonly Segment[]): number[] =>
  segments.filter(({ content }) => content !== null).map(({ index }) => index);
