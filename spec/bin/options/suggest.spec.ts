import { expect } from 'chai';
import { findSimilar } from '../../../bin/options/suggest.js';

describe('findSimilar()', () => {
  it('returns the nearest candidate, and the first of several', () => {
    expect(findSimilar('reply', ['verify', 'relay', 'replay'])).to.equal('replay');
    expect(findSimilar('cat', ['bat', 'hat'])).to.equal('bat');
  });

  it('returns undefined for a short word, a distant word, and a prefix of several candidates', () => {
    for (const word of ['', 'r', 'ru', 'xyz', 'verdict', 'ver']) {
      expect(findSimilar(word, ['run', 'verify', 'version']), word).to.equal(undefined);
    }
  });
});
