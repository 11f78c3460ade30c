import { expect } from 'chai';
import type { Segment } from '../../lib/fanout/segment.js';
import { CLOSED_BYTES, onDisk, RECORD_BYTES, SEGMENT_BYTES, setUpPager } from '../support/pager.js';
import { eventually, waitTurns } from '../support/waiting.js';

const MIB = 1024 * 1024;

describe('SpillQueue', () => {
  it('writes the oldest segments to disk: as many as exceed the budget', async () => {
    const { closedSegments, pager, counts } = setUpPager({ memoryBytes: 3 * CLOSED_BYTES });
    const segments = closedSegments(3);
    await waitTurns();
    expect(counts.writes).to.equal(0);
    segments.push(...closedSegments(2));
    await eventually('two segments on disk', () => onDisk(segments).length === 2);
    await waitTurns();
    expect(onDisk(segments)).to.deep.equal([0, 1]);
    expect(pager.memoryBytes).to.equal(3 * CLOSED_BYTES);
    expect(pager.diskBytes).to.equal(2 * RECORD_BYTES);
  });

  it('writes up to eight segments at once', async () => {
    const { closedSegments, holdWrites, counts } = setUpPager({ memoryBytes: 3 * CLOSED_BYTES });
    const release = holdWrites();
    const segments = closedSegments(23);
    await waitTurns();
    expect(counts.writes).to.equal(1);
    release();
    await eventually('twenty segments on disk', () => onDisk(segments).length === 20);
    // The first write started before there was a second segment to write.
    expect(counts.writes).to.equal(1 + Math.ceil(19 / 8));
  });

  it('writes segments one by one if there is no space for several', async () => {
    const { fs, closedSegments, holdWrites, warnings } = setUpPager({ memoryBytes: 3 * CLOSED_BYTES });
    const release = holdWrites();
    fs.capacityBytes = 3.5 * RECORD_BYTES;
    const segments = closedSegments(8);
    release();
    await eventually('a full disk', () => warnings.length > 0);
    expect(onDisk(segments)).to.deep.equal([0, 1, 2]);
  });

  it('does not write a segment to disk while it is pinned', async () => {
    const { closedSegments, pager } = setUpPager({ memoryBytes: 3 * CLOSED_BYTES });
    const segments = closedSegments(3);
    pager.pin(segments[0] as Segment);
    segments.push(...closedSegments(1));
    await waitTurns();
    expect(onDisk(segments)).to.deep.equal([]);
    segments.push(...closedSegments(1));
    await eventually('one segment on disk', () => onDisk(segments).length > 0);
    expect(onDisk(segments)).to.deep.equal([1]);
    pager.unpin(segments[0] as Segment);
    await eventually('the next segment on disk', () => onDisk(segments).length > 1);
    await waitTurns();
    expect(onDisk(segments)).to.deep.equal([1, 2]);
  });

  it('frees the disk space of a segment that is no longer needed when its write ends', async () => {
    const { closedSegments, free, holdWrites, pager } = setUpPager({ memoryBytes: 2 * CLOSED_BYTES });
    const release = holdWrites();
    const segments = closedSegments(3);
    await waitTurns();
    free(segments);
    release();
    await waitTurns();
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
  });

  it('frees the disk space of segments with their last reader', async () => {
    const { closedSegments, free, pager } = setUpPager({ memoryBytes: 2 * CLOSED_BYTES });
    const segments = closedSegments(4);
    await eventually('two segments on disk', () => onDisk(segments).length === 2);
    free(segments);
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
    expect(segments.map(({ location }) => location)).to.deep.equal([null, null, null, null]);
  });

  it('writes nothing after the shutdown', async () => {
    const { closedSegments, pager, counts } = setUpPager({ memoryBytes: 2 * CLOSED_BYTES });
    pager.shutdown();
    closedSegments(5);
    await waitTurns();
    expect(counts.writes).to.equal(0);
  });

  const slacks: [string, number, number, number][] = [
    ['four segments, with a small budget', SEGMENT_BYTES, 8 * SEGMENT_BYTES, 8],
    ['a quarter of the budget', SEGMENT_BYTES, 64 * SEGMENT_BYTES, 58],
    ['8 MiB, with a large budget', 512 * 1024, 40 * MIB, 95],
  ];
  for (const [slack, segmentBytes, memoryBytes, maxSegments] of slacks) {
    it(`is full when segments exceed the budget by more than ${slack}`, async () => {
      const { pager, closedSegments, free, holdWrites, counts } = setUpPager({ segmentBytes, memoryBytes });
      const release = holdWrites();
      const segments = closedSegments(maxSegments);
      expect(pager.isFull).to.equal(false);
      segments.push(...closedSegments(1));
      expect(pager.isFull).to.equal(true);
      expect(counts.onDrain).to.equal(0);
      release();
      await eventually('memory to be freed', () => !pager.isFull);
      expect(counts.onDrain).to.equal(1);
      expect(counts.onSpillDrain).to.equal(0);
      await waitTurns();
      free(segments);
    });
  }
});

describe('SpillQueue: a full disk', () => {
  /** A disk that is full with so many segments. */
  async function fullDisk(records: number) {
    const all = setUpPager({ memoryBytes: 8 * CLOSED_BYTES });
    all.fs.capacityBytes = records * RECORD_BYTES;
    const segments = all.closedSegments(8 + records + 1);
    await eventually('the disk to be full', () => all.warnings.length > 0);
    expect(all.pager.diskBytes).to.equal(records * RECORD_BYTES);
    return { ...all, segments };
  }

  it('is reported once, and the write is repeated every 500 ms', async () => {
    const { clock, counts, warnings, pager, fs } = await fullDisk(4);
    expect(warnings.map(({ code, message }) => [code, message])).to.deep.equal([
      [
        'ERR_SPILL_FULL',
        'cannot write the backlog to disk (ENOSPC: simulated): senders wait until there is space',
      ],
    ]);
    expect(warnings[0]?.cause).to.include({ code: 'ENOSPC' });
    const { writes } = counts;
    for (const round of [1, 2, 3]) {
      clock.advance(499);
      await waitTurns();
      expect(counts.writes).to.equal(writes + round - 1);
      clock.advance(1);
      await waitTurns();
      expect(counts.writes).to.equal(writes + round);
    }
    expect([warnings.length, clock.pending]).to.deep.equal([1, 1]);
    fs.capacityBytes = Number.POSITIVE_INFINITY;
    clock.advance(500);
    await waitTurns();
    expect(pager.memoryBytes).to.equal(8 * CLOSED_BYTES);
    pager.shutdown();
    expect(clock.pending).to.equal(0);
  });

  it('has space again when a quarter more and one segment could be written', async () => {
    const { clock, counts, fs, closedSegments } = await fullDisk(8);
    fs.capacityBytes = 10 * RECORD_BYTES;
    closedSegments(1);
    clock.advance(500);
    await waitTurns();
    // Ten segments are a quarter more than eight, but not one segment beyond that.
    expect(counts.onSpillDrain).to.equal(0);
    fs.capacityBytes = Number.POSITIVE_INFINITY;
    closedSegments(1);
    clock.advance(500);
    await waitTurns();
    expect(counts.onSpillDrain).to.equal(1);
    closedSegments(4);
    await waitTurns();
    expect(counts.onSpillDrain).to.equal(1);
  });

  it('has space again when readers have freed half of it, and half of the memory', async () => {
    const { counts, free, segments, warnings } = await fullDisk(8);
    const firstHalf = onDisk(segments).slice(0, 4);
    free(segments.filter(({ index }) => firstHalf.includes(index)));
    expect(counts.onSpillDrain).to.equal(0);
    await waitTurns();
    const queued = segments.filter(({ index, location }) => index >= 4 && location === null);
    free(queued.slice(0, -4));
    expect(counts.onSpillDrain).to.equal(0);
    free(segments.filter((segment) => segment.index >= 4 && !queued.includes(segment)));
    await waitTurns();
    expect(counts.onSpillDrain).to.equal(1);
    expect(warnings).to.have.length(1);
  });

  it('is not reported if a segment that could not be written was pinned in the meantime', async () => {
    const { clock, fs, closedSegments, holdWrites, pager, warnings } = setUpPager({
      memoryBytes: 2 * CLOSED_BYTES,
    });
    fs.capacityBytes = 0;
    const release = holdWrites();
    const segments = closedSegments(3);
    await waitTurns();
    pager.pin(segments[0] as Segment);
    release();
    await waitTurns();
    // The two segments that are left are within the budget.
    expect(warnings).to.deep.equal([]);
    fs.capacityBytes = Number.POSITIVE_INFINITY;
    clock.advance(500);
    await waitTurns();
    expect(segments.map(({ location }) => location)).to.deep.equal([null, null, null]);
    pager.unpin(segments[0] as Segment);
    await eventually('the oldest queued segment on disk', () => onDisk(segments).length === 1);
  });

  it('is not reported if readers have freed enough memory in the meantime', async () => {
    const { fs, closedSegments, free, holdWrites, warnings } = setUpPager({ memoryBytes: 2 * CLOSED_BYTES });
    fs.capacityBytes = 0;
    const release = holdWrites();
    const segments = closedSegments(3);
    await waitTurns();
    free(segments.slice(1));
    release();
    await waitTurns();
    expect(warnings).to.deep.equal([]);
  });
});
