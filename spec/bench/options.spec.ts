import { expect } from 'chai';
import { parseOptions } from '../../bench/options.js';

describe('options of the bench', () => {
  it('have defaults', () => {
    expect(parseOptions([])).to.deep.include({ quick: false, check: false, rounds: 7, seconds: 1, only: [] });
  });

  it('shorten each measurement with --quick, unless --seconds is given', () => {
    expect(parseOptions(['--quick']).seconds).to.be.below(1);
    expect(parseOptions(['--quick', '--seconds', '2']).seconds).to.equal(2);
  });

  it('accept several --only, and commands with arguments', () => {
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
    it(`reject ${args.join(' ')}`, () => {
      expect(() => parseOptions(args)).to.throw(/above 0/);
    });
  }

  it('reject unknown options and positional arguments', () => {
    expect(() => parseOptions(['--fast'])).to.throw(/--fast/);
    expect(() => parseOptions(['fan-out'])).to.throw(/fan-out/);
  });
});
