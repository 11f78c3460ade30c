import { expect } from 'chai';
import { timeAt, toISO } from '../../lib/protocol/time.js';

describe('timeAt', () => {
  const marks = [
    { at: 0, time: 100 },
    { at: 20, time: 105 },
  ];

  it('returns the time of the last mark up to an offset', () => {
    expect(timeAt(marks, 0)).to.equal(100);
    expect(timeAt(marks, 19)).to.equal(100);
    expect(timeAt(marks, 20)).to.equal(105);
    expect(timeAt(marks, 1000)).to.equal(105);
  });

  it('returns undefined without a mark', () => {
    expect(timeAt([], 0)).to.equal(undefined);
  });
});

describe('toISO', () => {
  it('formats one time after another, and the same time again', () => {
    const noon = Date.UTC(2026, 0, 31, 12);
    expect([noon, noon, noon + 1].map(toISO)).to.deep.equal([
      '2026-01-31T12:00:00.000Z',
      '2026-01-31T12:00:00.000Z',
      '2026-01-31T12:00:00.001Z',
    ]);
  });
});
