import { join } from 'node:path';
import { expect } from 'chai';
import { BYTES } from '../../lib/conformance/cases/bytes.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import { LINES } from '../../lib/conformance/cases/lines.js';
import { jsonReport } from '../../lib/conformance/json-report.js';
import type { Result } from '../../lib/conformance/run.js';
import { runCases } from '../../lib/conformance/run.js';
import { compile, removeAll } from '../../lib/conformance/source.js';
import { conforms } from '../../lib/conformance/verdict.js';
import {
  failedOf,
  hasCompiler,
  judge,
  MISTAKES,
  ROOT,
  SERVERS,
  sideBySide,
  workshop,
} from '../support/conformance.js';

/** Only Linux tells what a process has open, and has all of 127/8. */
const LINUX_ONLY = ['ANY_ADDRESS', 'LEAK_DESCRIPTORS'];

/** Several at a time: the most of it is waiting for what a wrong server never sends. */
const AT_ONCE = 3;

describe('conformance: servers with one mistake each', () => {
  const names = Object.keys(MISTAKES) as (keyof typeof MISTAKES)[];
  let results: Map<string, Promise<Result[]>>;
  let shop: ReturnType<typeof workshop> | undefined;

  before(function () {
    if (!hasCompiler()) this.skip();
    const own = workshop();
    shop = own;
    const all = ['NONE', ...names];
    const runs = sideBySide(all, AT_ONCE, async (name) =>
      // Nobody waits for them any more where mocha was told to run some of these only.
      shop === undefined ? [] : judge([await own.compile(name)]),
    );
    results = new Map(all.map((name, i) => [name, runs[i] as Promise<Result[]>]));
  });

  after(() => {
    shop?.remove();
    shop = undefined;
  });

  it('none at all: it passes subject and exam', async () => {
    expect(failedOf((await results.get('NONE')) ?? [])).to.deep.equal([]);
  });

  for (const name of names) {
    it(`${name}: fails ${MISTAKES[name]}, and passes all other cases of subject and exam`, async function () {
      if (LINUX_ONLY.includes(name) && process.platform !== 'linux') this.skip();
      const judged = (await results.get(name)) ?? [];
      expect(failedOf(judged)).to.deep.equal([MISTAKES[name]]);
      expect(judged.filter(({ outcome }) => outcome === 'passed').length).to.be.at.least(30);
      expect(conforms(judged, ['subject', 'exam'])).to.equal(false);
    });
  }

  it('none at all: it does not get beyond the exam', async function () {
    if (process.platform !== 'linux') this.skip();
    const program = await shop?.compile('NONE');
    const names = [
      'too-many-arguments',
      'no-port',
      'nul',
      'crowd',
      'half-closed',
      'bounded-memory',
      'port-again',
    ];
    const judged = await judge([program as string], names, 2000);
    expect(failedOf(judged)).to.deep.equal([
      'no-port',
      'crowd',
      'half-closed',
      'bounded-memory',
      'port-again',
    ]);
    expect(judged.at(-1)?.exit).to.deep.equal({ code: 1, signal: null });
  });

  it('tells who was told of its own arrival, and what it should have heard', async () => {
    const judged = (await results.get('TELL_ONESELF')) ?? [];
    const details = judged.find((result) => result.case.name === 'own-arrival')?.details;
    expect(details?.what).to.equal('B was told of its own arrival');
    expect(details?.expected?.toString()).to.equal('client 0: hello\n');
    expect(details?.came?.toString()).to.equal('server: client 1 just arrived\n');
  });

  it('tells of a crash by its signal, in the case in which it happened', async () => {
    const judged = (await results.get('CRASH_ON_LONG_LINES')) ?? [];
    expect(judged.find((result) => result.case.name === 'long-line')?.exit).to.deep.equal({
      code: null,
      signal: 'SIGABRT',
    });
  });
});

describe('conformance: servers in JavaScript with one mistake each', () => {
  const server = (mistake: string): string[] => [
    ...['env', 'NODE_V8_COVERAGE=', process.execPath],
    ...[join(SERVERS, 'mistakes.mjs'), mistake],
  ];

  for (const [mistake, name] of [
    ['trim', 'blanks'],
    ['toString', 'high-bytes'],
  ] as const) {
    it(`${mistake}: fails ${name}, and passes all other cases of what is said`, async () => {
      const others = [...LINES, ...BYTES].filter(({ rank }) => rank !== 'beyond').map((one) => one.name);
      expect(failedOf(await judge(server(mistake), ['no-argument', 'leaves', ...others]))).to.deep.equal([
        name,
      ]);
    });
  }

  const beyond = { noisy: 'quiet', slow: 'prompt', busy: 'idle' };
  for (const [mistake, name] of Object.entries(beyond)) {
    it(`${mistake}: fails ${name} of those beyond the exam`, async function () {
      if (mistake === 'busy' && process.platform !== 'linux') this.skip();
      expect(failedOf(await judge(server(mistake), Object.values(beyond)))).to.deep.equal([name]);
    });
  }
});

describe('conformance: the server as one hands it in at the exam', () => {
  before(function () {
    if (!hasCompiler()) this.skip();
  });

  after(removeAll);

  it('passes subject and exam as a source file, nothing left out', async () => {
    const source = await compile(join(ROOT, 'bench/peers/exam.c'));
    const cases = CASES.filter(({ rank }) => rank !== 'beyond');
    const results = await runCases({ command: [source.program], source, cases, timeout: 10_000 });
    expect(failedOf(results)).to.deep.equal([]);
    if (process.platform === 'linux')
      expect(results.map(({ outcome }) => outcome)).to.not.include('left out');
  });
});

describe('conformance: a report', () => {
  it('is the same each time, to the byte', async function () {
    if (!hasCompiler()) this.skip();
    const shop = workshop();
    try {
      const command = [await shop.compile('DROP_WHEN_FULL')];
      const names = ['lines', 'long-line', 'lazy-hears-all', 'no-descriptor-leak', 'port-in-use'];
      const reports = await Promise.all(
        [1, 2, 3].map(async () =>
          JSON.stringify(
            jsonReport(await judge(command, names), ['subject', 'exam'], {
              command,
              source: undefined,
              timeout: 5000,
            }),
          ),
        ),
      );
      expect(new Set(reports).size).to.equal(1);
      expect(reports[0]).to.contain(
        'a part of what was said while C did not read never comes, or not as it was said',
      );
    } finally {
      shop.remove();
    }
  });
});
