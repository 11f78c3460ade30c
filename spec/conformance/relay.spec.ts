import { expect } from 'chai';
import { CASES } from '../../lib/conformance/cases/index.js';
import { conformance, RELAY } from '../support/conformance.js';

/** What need not be judged: it is no source file; and who is root may have any port. */
const LEFT_OUT = ['compiles', 'no-define', 'allowed-functions', 'forbidden-port'];

describe('conformance: the relay itself, through the command line', () => {
  let report: {
    conforms: boolean;
    cases: { name: string; outcome: string; reason?: string; what?: string }[];
  };

  before(async () => {
    const { code, stdout, stderr } = await conformance(
      ['--json', '--rank', 'beyond', '--timeout', '20s', ...RELAY],
      230_000,
    );
    expect(stderr).to.equal('');
    report = JSON.parse(stdout);
    expect(code).to.equal(report.conforms ? 0 : 1);
  });

  for (const { name, rank, title } of CASES) {
    it(`${rank}: ${title}`, function () {
      const result = report.cases.find((one) => one.name === name);
      if (result?.outcome === 'left out' && LEFT_OUT.includes(name)) this.skip();
      // No /proc tells of a server elsewhere.
      if (result?.outcome === 'left out' && process.platform !== 'linux') this.skip();
      expect(result, JSON.stringify(result)).to.include({ outcome: 'passed' });
    });
  }

  it('conforms', () => expect(report.conforms).to.equal(true));
});
