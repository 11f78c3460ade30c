import { expect } from 'chai';
import { median, medianRange, quantile, ratioOf } from '../../bench/statistics.js';

describe('statistics of the bench', () => {
  it('median() is the middle number, or the mean of the two middle numbers', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([9, 1, 5, 3])).to.equal(4);
    expect(median([])).to.be.NaN;
  });

  it('median() does not reorder its argument', () => {
    const numbers = [3, 1, 2];
    median(numbers);
    expect(numbers).to.deep.equal([3, 1, 2]);
  });

  it('quantile() interpolates between numbers', () => {
    expect(quantile([1, 2, 3, 4, 5], 0.25)).to.equal(2);
    expect(quantile([1, 2, 3, 4], 0.25)).to.equal(1.75);
    expect(quantile([7], 0.75)).to.equal(7);
  });

  it('ratioOf() compares medians and reports the quartiles of the pairs', () => {
    const { ratio, spread, pairs } = ratioOf([10, 20, 30], [10, 10, 10]);
    expect(ratio).to.equal(2);
    expect(spread).to.deep.equal([1.5, 2.5]);
    expect(pairs).to.equal(3);
  });

  it('ratioOf() ignores rounds without a pair', () => {
    expect(ratioOf([10, 20, 1000], [5, 10])).to.include({ ratio: 2, pairs: 2 });
  });

  it('medianRange() is infinite for fewer than five rounds', () => {
    expect(medianRange([1, 1, 1, 1])).to.deep.equal([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(medianRange([5, 4, 3, 2, 1])).to.deep.equal([1, 5]);
  });

  it('medianRange() excludes more outliers with more rounds', () => {
    // With 8 numbers the two extremes are excluded: 2 · 9/256 = 7 %. With 7 that would be 2 · 8/128 = 12.5 %.
    expect(medianRange([1, 2, 3, 4, 5, 6, 7])).to.deep.equal([1, 7]);
    expect(medianRange([1, 2, 3, 4, 5, 6, 7, 8])).to.deep.equal([2, 7]);
    expect(medianRange(Array.from({ length: 20 }, (_, i) => i))).to.deep.equal([5, 14]);
  });

  it('medianRange() contains the median in at least nine of ten cases', () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    for (const count of [5, 7, 11, 20]) {
      let held = 0;
      for (let trial = 0; trial < 2000; trial++) {
        const [from, to] = medianRange(Array.from({ length: count }, random));
        if (from <= 0.5 && to >= 0.5) held++;
      }
      expect(held / 2000, `${count} numbers`).to.be.at.least(0.88);
    }
  });
});
