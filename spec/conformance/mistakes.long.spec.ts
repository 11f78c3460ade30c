import { join } from 'node:path';
import { expect } from 'chai';
import { BYTES } from '../../lib/conformance/cases/bytes.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { LINES } from '../../lib/conformance/cases/lines.js';
import { PIECES } from '../../lib/conformance/cases/pieces.js';
import { jsonReport } from '../../lib/conformance/reporters/json.js';
import { runCases } from '../../lib/conformance/run.js';
import { compile, removePrograms } from '../../lib/conformance/source.js';
import {
  compiledServers,
  expectFailures,
  ROOT,
  runKit,
  scriptWithMistake,
  summaryOf,
} from '../support/conformance.js';
import { describeMistakes, REQUIRED_CASES } from '../support/mistakes.js';
import { describeWith } from '../support/tools.js';

describeMistakes((failing) => REQUIRED_CASES.filter((name) => name !== failing));

describe('the kit, with servers in JavaScript that have one mistake each', () => {
  for (const [mistake, failing] of [
    ['trim', 'blanks'],
    ['toString', 'high-bytes'],
  ] as const) {
    it(`fails only ${failing} of all cases about lines and bytes for ${mistake}`, async () => {
      const others = [...LINES, ...PIECES, ...BYTES]
        .filter(({ rank }) => rank !== 'beyond')
        .map(({ name }) => name);
      const names = ['no-argument', 'leaves', ...others];
      expectFailures(await runKit(scriptWithMistake(mistake), names), [failing]);
    });
  }

  for (const [mistake, failing, passing] of [
    ['noisy', 'quiet', ['prompt', 'idle']],
    ['slow', 'prompt', ['quiet', 'idle']],
    ['busy', 'idle', ['quiet', 'prompt']],
  ] as const) {
    it(`fails ${failing} and passes ${passing.join(' and ')} for ${mistake}`, async function () {
      if (mistake === 'busy' && process.platform !== 'linux') this.skip();
      expectFailures(await runKit(scriptWithMistake(mistake), [failing, ...passing]), [failing]);
    });
  }
});

describeWith('cc', 'the kit, with correct servers in C', () => {
  let servers: ReturnType<typeof compiledServers>;

  before(() => {
    servers = compiledServers();
  });

  after(() => {
    servers.remove();
    removePrograms();
  });

  it('passes the server without a mistake in all cases up to the rank practice', async () => {
    expectFailures(await runKit([await servers.compile('NONE')]), []);
  });

  it('fails it in the cases of rank beyond that a server with select cannot pass', async function () {
    if (process.platform !== 'linux') this.skip();
    const names = [
      'too-many-arguments',
      'no-port',
      'nul',
      'crowd',
      'half-closed',
      'bounded-memory',
      'port-again',
    ];
    const results = await runKit([await servers.compile('NONE')], names, 5000);
    expectFailures(results, ['no-port', 'crowd', 'half-closed', 'bounded-memory', 'port-again']);
  });

  it('passes the source file of a server as written in the exam, and skips no case', async () => {
    const source = await compile(join(ROOT, 'bench/peers/exam.c'));
    const cases = CASES.filter(({ rank }) => rank !== 'beyond');
    const results = await runCases({ command: [source.program], source, cases, timeoutMs: 30_000 });
    expectFailures(results, []);
    if (process.platform === 'linux') {
      expect(results.map(({ outcome }) => outcome)).to.not.include('skipped');
    }
  });

  it('reports the same, to the byte, in three runs at the same time that transfer megabytes', async () => {
    const command = [await servers.compile('DROP_WHEN_FULL')];
    const names = ['lines', 'long-line', 'lazy-hears-all', 'no-descriptor-leak', 'port-in-use'];
    const report = async (): Promise<string> =>
      JSON.stringify(jsonReport(summaryOf(await runKit(command, names, 5000))));
    const reports = await Promise.all([report(), report(), report()]);
    expect(new Set(reports).size).to.equal(1);
    expect(reports[0]).to.contain('never reaches C, or is changed');
  });
});
