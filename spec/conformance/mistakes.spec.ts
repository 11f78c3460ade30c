import { expect } from 'chai';
import { jsonReport } from '../../lib/conformance/reporters/json.js';
import {
  compiledServers,
  expectFailures,
  runKit,
  scriptWithMistake,
  summaryOf,
} from '../support/conformance.js';
import { describeMistakes, REQUIRED_CASES } from '../support/mistakes.js';
import { describeWith, itWith } from '../support/tools.js';

/** Cases that transfer megabytes, or connect hundreds of clients. */
const SLOW_CASES = ['lazy-holds-nobody-up', 'lazy-hears-all', 'no-descriptor-leak'];

/** Returns the case before a case in the list, or the one after the first, without the slow ones. */
function neighboursOf(name: string): string[] {
  const quick = REQUIRED_CASES.filter((one) => one === name || !SLOW_CASES.includes(one));
  const at = quick.indexOf(name);
  const start = Math.max(0, at - 1);
  return quick.slice(start, start + 2).filter((one) => one !== name);
}

describeMistakes(neighboursOf);

describe('the kit, with servers in JavaScript that have one mistake each', () => {
  for (const [mistake, failing] of [
    ['trim', 'blanks'],
    ['toString', 'high-bytes'],
    ['noisy', 'quiet'],
  ] as const) {
    it(`fails ${failing} and passes its neighbours for ${mistake}`, async () => {
      const names = [failing, ...neighboursOf(failing)];
      expectFailures(await runKit(scriptWithMistake(mistake), names), [failing]);
    });
  }

  // The exam accepts a server that sends pieces at once, as long as no other line comes in between.
  for (const [mistake, passing, failing] of [
    ['eachPacket', ['every-line'], ['line-in-pieces', 'pieces']],
    ['atOnce', ['line-in-pieces', 'long-line-in-packets'], ['pieces', 'unfinished-dropped']],
    ['shortLines', ['line-in-pieces', 'pieces'], ['long-line-in-packets']],
  ] as const) {
    it(`fails ${failing.join(' and ')}, and passes ${passing.join(' and ')}, for ${mistake}`, async () => {
      expectFailures(await runKit(scriptWithMistake(mistake), [...passing, ...failing]), failing);
    });
  }
});

describeWith('cc', 'the kit, with a correct server in C', () => {
  it('fails it in the cases of rank beyond that select cannot pass', async function () {
    if (process.platform !== 'linux') this.skip();
    const servers = compiledServers();
    try {
      const command = [await servers.compile('NONE')];
      // The server takes any free port for an invalid one: the kit waits until the timeout for its end.
      expectFailures(await runKit(command, ['no-port'], 300), ['no-port']);
      const results = await runKit(command, ['too-many-arguments', 'nul', 'port-again']);
      expectFailures(results, ['port-again']);
      expect(results.at(-1)?.exit).to.deep.equal({ code: 1, signal: null });
    } finally {
      servers.remove();
    }
  });
});

itWith('cc', 'the kit reports the same, to the byte, in three runs at the same time', async () => {
  const servers = compiledServers();
  try {
    const command = [await servers.compile('PREFIX_ONCE')];
    const names = ['lines', 'every-line', 'long-line', 'port-in-use'];
    const report = async (): Promise<string> =>
      JSON.stringify(jsonReport(summaryOf(await runKit(command, names))));
    const reports = await Promise.all([report(), report(), report()]);
    expect(new Set(reports).size).to.equal(1);
    expect(reports[0]).to.contain('did not receive what it should have received');
  } finally {
    servers.remove();
  }
});
