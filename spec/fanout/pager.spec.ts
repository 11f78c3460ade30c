import { expect } from 'chai';
import type { Segment } from '../../lib/fanout/segment.js';
import { CLOSED_BYTES, inMemory, onDisk, SEGMENT_BYTES, setUpPager } from '../support/pager.js';
import { eventually, waitTurns } from '../support/waiting.js';

const MIB = 1024 * 1024;

describe('Pager', () => {
  it('counts the memory of segments and their indexes until they are freed', () => {
    const { pager, closedSegments, free } = setUpPager();
    const open = pager.open(100);
    expect(pager.memoryBytes).to.equal(SEGMENT_BYTES);
    const segments = closedSegments(3);
    expect(pager.memoryBytes).to.equal(SEGMENT_BYTES + 3 * CLOSED_BYTES);
    free(segments);
    expect(pager.memoryBytes).to.equal(SEGMENT_BYTES);
    free([open]);
    expect(pager.memoryBytes).to.equal(0);
  });

  it('keeps a freed segment in memory until the last write that uses it is done', () => {
    const { pager, closedSegments, free } = setUpPager();
    const segments = closedSegments(1);
    const [segment] = segments as [Segment];
    pager.pin(segment);
    pager.pin(segment);
    free(segments);
    expect(pager.memoryBytes).to.equal(CLOSED_BYTES);
    pager.unpin(segment);
    expect(pager.memoryBytes).to.equal(CLOSED_BYTES);
    pager.unpin(segment);
    expect(pager.memoryBytes).to.equal(0);
  });

  const spares: [string, number, number, number][] = [
    ['sixteen', 0, 0, 16],
    ['the budget less a segment in use and the indexes', 20 * SEGMENT_BYTES, 1, 18],
    ['the budget less three segments in use and the indexes', 21 * SEGMENT_BYTES, 3, 17],
  ];
  for (const [limit, memoryBytes, others, reused] of spares) {
    it(`reuses the memory of freed segments without their content, up to ${limit}`, () => {
      const { pager, closedSegments, free } = setUpPager({ memoryBytes });
      const open = Array.from({ length: others }, (_, i) => pager.open(100 + i));
      const segments = closedSegments(21);
      const before = new Set(segments.map(({ content }) => content?.bytes));
      free(segments);
      const after = Array.from({ length: 21 }, (_, i) => pager.open(200 + i));
      expect(after.filter(({ content }) => before.has(content?.bytes as Buffer))).to.have.length(reused);
      for (const { content, length } of after) {
        const { owners, times } = content?.index ?? expect.fail();
        expect([owners.count, times.count, length]).to.deep.equal([0, 0, 0]);
        expect(content?.bytes).to.have.length(SEGMENT_BYTES);
      }
      free([...open, ...after]);
    });
  }
});

describe('Pager: a loaded segment', () => {
  const limits: [string, number, number, number][] = [
    ['at least four segments', SEGMENT_BYTES, 4 * SEGMENT_BYTES, 4],
    ['a quarter of the budget', SEGMENT_BYTES, 32 * SEGMENT_BYTES, 8],
    ['at most 8 MiB', MIB, 40 * MIB, 8],
  ];
  for (const [limit, segmentBytes, memoryBytes, kept] of limits) {
    it(`is kept in memory for other readers, up to a limit: ${limit}`, async () => {
      const { closedSegments, free, pager } = setUpPager({ segmentBytes, memoryBytes });
      const segments = closedSegments(Math.ceil(memoryBytes / segmentBytes) + kept + 2);
      const wanted = segments.slice(0, kept + 1);
      await eventually('enough segments on disk', () => onDisk(wanted).length === kept + 1);
      for (const segment of wanted) await pager.load(segment);
      expect(inMemory(wanted)).to.deep.equal(wanted.slice(1).map(({ index }) => index));
      await waitTurns();
      free(segments);
      expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
    });
  }

  it('stays in memory after a write that used it, and is freed with its last reader', async () => {
    const { closedSegments, free, pager, counts } = setUpPager({ memoryBytes: 2 * CLOSED_BYTES });
    const segments = closedSegments(4);
    await eventually('two segments on disk', () => onDisk(segments).length === 2);
    const [segment] = segments as [Segment];
    await pager.load(segment);
    pager.pin(segment);
    pager.unpin(segment);
    await pager.load(segment);
    expect(counts.reads).to.equal(2);
    await waitTurns();
    pager.pin(segment);
    free(segments);
    pager.unpin(segment);
    await waitTurns();
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
  });

  it('counts against the budget, so that a segment that has not been written goes to disk', async () => {
    const { closedSegments, pager } = setUpPager({ memoryBytes: 3 * CLOSED_BYTES });
    const segments = closedSegments(4);
    await eventually('one segment on disk', () => onDisk(segments).length === 1);
    await pager.load(segments[0] as Segment);
    await eventually('another segment on disk', () => onDisk(segments).length > 0);
    expect(onDisk(segments)).to.deep.equal([1]);
  });
});
