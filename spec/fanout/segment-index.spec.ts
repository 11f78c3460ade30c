import { expect } from 'chai';
import { NO_OWNER, SegmentIndex, Spans } from '../../lib/fanout/segment-index.js';

describe('Spans', () => {
  it('merges neighbours with the same value', () => {
    const spans = new Spans();
    spans.add(1, 10);
    spans.add(1, 20);
    expect(spans.count).to.equal(1);
    expect(spans.end(0)).to.equal(20);
  });

  it('survives a round trip through bytes, with ids of any size', () => {
    const spans = new Spans();
    for (let i = 0; i < 100; i++)
      spans.add(i % 2 === 0 ? Number.MAX_SAFE_INTEGER - i : NO_OWNER, (i + 1) * 10);
    const copy = Spans.fromBytes(spans.toBytes());
    expect(copy.count).to.equal(100);
    for (let i = 0; i < 100; i++) {
      expect(copy.value(i)).to.equal(spans.value(i));
      expect(copy.end(i)).to.equal(spans.end(i));
      expect(copy.find(i * 10)).to.equal(i);
      expect(copy.find(i * 10 + 9)).to.equal(i);
    }
  });
});

describe('SegmentIndex', () => {
  it('returns the time marks of any range', () => {
    const index = new SegmentIndex();
    index.add(1, 100, 10);
    index.add(2, 100, 20);
    index.add(1, 105, 30);
    index.add(1, 90, 40);
    expect(index.timeMarks(0, 40, 0)).to.deep.equal([
      { at: 0, time: 100 },
      { at: 20, time: 105 },
      { at: 30, time: 90 },
    ]);
    expect(index.timeMarks(19, 21, 500)).to.deep.equal([
      { at: 500, time: 100 },
      { at: 501, time: 105 },
    ]);
    expect(index.timeMarks(20, 30, 0)).to.deep.equal([{ at: 0, time: 105 }]);
  });

  it('returns no time marks for bytes that were not appended', () => {
    const index = new SegmentIndex();
    index.add(1, 100, 10);
    expect(index.timeMarks(0, 20, 0)).to.deep.equal([{ at: 0, time: 100 }]);
  });

  it('survives a round trip through bytes, wherever they begin in memory', () => {
    const index = new SegmentIndex();
    for (let i = 1; i <= 40; i++) index.add(i % 3, Math.floor(i / 5), i * 7);
    const bytes = Buffer.from(index.toBytes());
    for (let shift = 0; shift < 8; shift++) {
      const copy = SegmentIndex.fromBytes(Buffer.concat([Buffer.alloc(shift), bytes]).subarray(shift));
      expect(copy.timeMarks(0, 280, 0)).to.deep.equal(index.timeMarks(0, 280, 0));
      for (let at = 0; at < 280; at++) {
        const [owner, original] = [copy, index].map(({ owners }) => owners.value(owners.find(at)));
        expect(owner).to.equal(original);
      }
    }
  });
});
