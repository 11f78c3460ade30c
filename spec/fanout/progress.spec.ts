import { expect } from 'chai';
import { nextPace, type Progress, progressOf } from '../../lib/fanout/progress.js';

const progressAfter = (paceMs: number, ...waitsMs: number[]): Progress[] =>
  waitsMs.map((waitedMs) => progressOf(waitedMs, paceMs));

describe('progressOf', () => {
  it('is slow after 200 ms, and stalled after 2 s', () => {
    expect(progressAfter(0, 200, 201, 2000, 2001)).to.deep.equal(['active', 'slow', 'slow', 'stalled']);
  });

  it('is slow after twice the pace, and stalled after four times the pace, if that is longer', () => {
    expect(progressAfter(1000, 2000, 2001, 4000, 4001)).to.deep.equal(['active', 'slow', 'slow', 'stalled']);
  });

  it('is stalled after 20 s at any pace', () => {
    expect(progressAfter(9000, 18_000, 18_001, 20_000, 20_001)).to.deep.equal([
      'active',
      'slow',
      'slow',
      'stalled',
    ]);
  });
});

describe('nextPace', () => {
  it('is the longest recent wait, and forgets a 20th of it with each block', () => {
    expect(nextPace(0, 1000)).to.equal(1000);
    expect(nextPace(1000, 0)).to.equal(950);
    expect(nextPace(1000, 990)).to.equal(990);
  });
});
