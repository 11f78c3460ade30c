import { expect } from 'chai';
import type { Segment } from '../../lib/fanout/segment.js';
import type { MiniServError } from '../../lib/index.js';
import { systemError } from '../support/fake-environment.js';
import { CLOSED_BYTES, inMemory, onDisk, SEGMENT_BYTES, setUpPager } from '../support/pager.js';
import { eventually, waitTurns } from '../support/waiting.js';

/** Four closed segments, two of them on disk. */
async function twoOnDisk() {
  const all = setUpPager({ memoryBytes: 2 * CLOSED_BYTES });
  const segments = all.closedSegments(4);
  await eventually('two segments on disk', () => onDisk(segments).length === 2);
  return { ...all, segments, segment: segments[0] as Segment };
}

describe('SegmentLoader', () => {
  it('restores bytes, owners and times, with one read for simultaneous requests', async () => {
    const { pager, counts, segment } = await twoOnDisk();
    const { memoryBytes } = pager;
    const load = pager.load(segment);
    expect(pager.load(segment)).to.equal(load);
    expect(pager.pendingLoads).to.equal(1);
    await load;
    expect(pager.pendingLoads).to.equal(0);
    // One read for the bytes and one for the index.
    expect(counts.reads).to.equal(2);
    const { bytes, index } = segment.content ?? expect.fail();
    const { owners, times } = index;
    expect(bytes.toString()).to.equal('0'.padEnd(SEGMENT_BYTES, 'x'));
    expect([owners.count, owners.value(0), owners.end(0)]).to.deep.equal([1, 7, SEGMENT_BYTES]);
    expect([times.count, times.value(0), times.end(0)]).to.deep.equal([1, 123, SEGMENT_BYTES]);
    expect(pager.memoryBytes).to.be.greaterThan(memoryBytes);
    await pager.load(segment);
    expect(counts.reads).to.equal(2);
  });

  it('discards a segment whose readers have left during the read', async () => {
    const { pager, free, segments, segment } = await twoOnDisk();
    const load = pager.load(segment);
    free(segments);
    await load;
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
    expect(inMemory(segments)).to.deep.equal([]);
  });
});

describe('SegmentLoader: a read that fails', () => {
  async function unreadable() {
    const all = await twoOnDisk();
    all.spill.read = async () => {
      all.counts.reads++;
      throw systemError('EIO');
    };
    return all;
  }

  it('is repeated after 10, 100 and 1000 ms, and then fails with ERR_SPILL_READ', async () => {
    const { clock, pager, segment, counts } = await unreadable();
    const load = pager.load(segment).then(
      () => expect.fail('the segment was loaded'),
      (error: MiniServError) => error,
    );
    for (const [attempt, delayMs] of [10, 100, 1000].entries()) {
      await waitTurns();
      expect(counts.reads).to.equal(2 * (attempt + 1));
      clock.advance(delayMs - 1);
      await waitTurns();
      expect(counts.reads).to.equal(2 * (attempt + 1));
      clock.advance(1);
    }
    const { code, message } = await load;
    expect(counts.reads).to.equal(8);
    expect(code).to.equal('ERR_SPILL_READ');
    expect(message).to.equal('cannot read the backlog back from disk: EIO: simulated');
  });

  it('is repeated once more and fails when the pager is shut down', async () => {
    const { clock, pager, segment, counts } = await unreadable();
    const load = pager.load(segment).then(
      () => 'loaded',
      ({ code }: MiniServError) => code,
    );
    await waitTurns();
    pager.shutdown();
    expect(await load).to.equal('ERR_SPILL_READ');
    expect(counts.reads).to.equal(4);
    expect(clock.pending).to.equal(0);
  });

  it('is not an error if no reader needs the segment any more', async () => {
    const { pager, segments, segment, free } = await unreadable();
    const load = pager.load(segment);
    free(segments);
    await load;
  });
});
