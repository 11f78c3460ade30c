import { expect } from 'chai';
import type { Case } from '../../lib/conformance/case.js';
import { SOURCES } from '../../lib/conformance/cases/source.js';
import { RELAY, type ReportedCase, reportOn } from './conformance.js';

/** Cases that may be skipped: the relay is not a source file, and root may use any port. */
const MAY_BE_SKIPPED = [...SOURCES.map(({ name }) => name), 'forbidden-port'];

/** Runs cases on the relay through the command line of the kit, with one test for each case. */
export function describeRelayConformance(cases: readonly Case[]): void {
  describe('the kit, with mini-serv itself', () => {
    let reported: readonly ReportedCase[];

    before(async () => {
      const only = cases.map(({ name }) => name).join(',');
      const report = await reportOn(RELAY, '--only', only, '--timeout', '30s');
      expect(report.code).to.equal(report.conforms ? 0 : 1);
      reported = report.cases;
    });

    for (const { name, title } of cases) {
      it(`passes ${name}: ${title}`, function () {
        const result = reported.find((one) => one.name === name);
        const maySkip = MAY_BE_SKIPPED.includes(name) || process.platform !== 'linux';
        if (result?.outcome === 'skipped' && maySkip) this.skip();
        expect(result, JSON.stringify(result)).to.include({ outcome: 'passed' });
      });
    }
  });
}
