import { expect } from 'chai';
import { largest } from '../../lib/util/largest.js';

describe('largest()', () => {
  it('returns the largest value, and 0 without any', () => {
    expect(largest([3, 7, 5])).to.equal(7);
    expect(largest([])).to.equal(0);
  });

  it('takes more values than a call may have arguments', () => {
    const lagBytes = new Map(Array.from({ length: 200_000 }, (_, id) => [id, id]));
    expect(largest(lagBytes.values())).to.equal(199_999);
  });
});
