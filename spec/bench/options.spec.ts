import { expect } from 'chai';
import { parseOptions } from '../../bench/options.js';

describe('the options of the bench', () => {
  it('have defaults', () => {
    expect(parseOptions([])).to.deep.include({ quick: false, check: false, rounds: 7, seconds: 1, only: [] });
  });

  it('measure for less time if it is to be quick, unless a time is given', () => {
    expect(parseOptions(['--quick']).seconds).to.be.below(1);
    expect(parseOptions(['--quick', '--seconds', '2']).seconds).to.equal(2);
  });

  it('take several names, and commands with their arguments', () => {
    const { only, also } = parseOptions([
      '--only',
      'idle, 1000',
      '--only',
      'churn',
      '--also',
      'node  old.js --verbose',
    ]);
    expect(only).to.deep.equal(['idle, 1000', 'churn']);
    expect(also).to.deep.equal(['node', 'old.js', '--verbose']);
  });

  for (const args of [['--rounds', '0'], ['--rounds', '1.5'], ['--seconds', 'x'], ['--seconds=-1']]) {
    it(`refuse ${args.join(' ')}`, () => {
      expect(() => parseOptions(args)).to.throw(/above 0/);
    });
  }

  it('refuse what they do not know', () => {
    expect(() => parseOptions(['--fast'])).to.throw(/--fast/);
    expect(() => parseOptions(['fan-out'])).to.throw(/fan-out/);
  });
});
