import { expect } from 'chai';
import { editDistance } from '../../../bin/options/edit-distance.js';
import { random } from '../../support/random.js';

describe('editDistance()', () => {
  for (const [a, b, distance] of [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['verfy', 'verify', 1],
    ['verifyy', 'verify', 1],
    ['verofy', 'verify', 1],
    ['evrify', 'verify', 1],
    ['replya', 'replay', 1],
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3],
  ] as const) {
    it(`is ${distance} from "${a}" to "${b}", and back`, () => {
      expect(editDistance(a, b)).to.equal(distance);
      expect(editDistance(b, a)).to.equal(distance);
    });
  }

  it('is at most 1 after one random mistake', () => {
    const next = random(7);
    for (let round = 0; round < 1000; round++) {
      const word = 'conformance';
      const at = Math.floor(next() * word.length);
      const mistakes = [
        word.slice(0, at) + word.slice(at + 1),
        `${word.slice(0, at)}x${word.slice(at)}`,
        `${word.slice(0, at)}x${word.slice(at + 1)}`,
        word.slice(0, at) + (word[at + 1] ?? '') + word[at] + word.slice(at + 2),
      ];
      for (const mistake of mistakes) expect(editDistance(mistake, word), mistake).to.be.at.most(1);
    }
  });
});
