import { expect } from 'chai';
import { RANKS, type Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { RELAY, type ReportedCase, reportOn } from './conformance.js';

/** Cases that may be skipped: the relay is not a source file, and root may use any port. */
const MAY_BE_SKIPPED = ['compiles', 'no-define', 'allowed-functions', 'forbidden-port'];

/** Runs the cases of these ranks on the relay, through the command line, with one test for each case. */
export function describeRelayConformance(ranks: readonly Rank[]): void {
  const highest = RANKS.filter((rank) => ranks.includes(rank)).at(-1) ?? 'subject';
  const names = CASES.filter(({ rank }) => ranks.includes(rank)).map(({ name }) => name);

  describe(`mini-serv, tested by the kit (${ranks.join(', ')})`, () => {
    let reported: readonly ReportedCase[];

    before(async () => {
      const only = ['--only', names.join(',')];
      const report = await reportOn(RELAY, '--rank', highest, ...only, '--timeout', '30s');
      expect(report.stderr).to.equal('');
      expect(report.code).to.equal(report.conforms ? 0 : 1);
      reported = report.cases;
    });

    for (const { name, title } of CASES.filter(({ rank }) => ranks.includes(rank))) {
      it(`passes ${name}: ${title}`, function () {
        const result = reported.find((one) => one.name === name);
        const maySkip = MAY_BE_SKIPPED.includes(name) || process.platform !== 'linux';
        if (result?.outcome === 'skipped' && maySkip) this.skip();
        expect(result, JSON.stringify(result)).to.include({ outcome: 'passed' });
      });
    }
  });
}
