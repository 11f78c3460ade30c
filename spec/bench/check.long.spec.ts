import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CHURN } from '../../bench/contests.js';
import { startProgram } from '../support/program.js';
import { describeWith } from '../support/tools.js';

const BENCH = fileURLToPath(new URL('../../bench/bench.js', import.meta.url));
const LISTEN = "require('net').createServer(() => {}).listen(process.argv[2], '127.0.0.1')";

describeWith(['cc', 'proc'], 'a check of the goals', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mini-serv-check-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function check(...args: string[]): Promise<{ code: number | null; text: string }> {
    const all = ['--check', '--only', 'churn', '--rounds', '1', '--seconds', '0.1', '--out', folder, ...args];
    const { child, output } = startProgram(process.execPath, [BENCH, ...all]);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, text: output.text };
  }

  /** The command of a relay whose source is given. */
  function relay(source: string): string {
    const path = join(folder, 'relay.cjs');
    writeFileSync(path, source);
    return `${process.execPath} ${path}`;
  }

  it('ends with the state of the machine and a summary, and writes the results', async () => {
    const { code, text } = await check();
    expect(text)
      .to.include('The limit at the start and at the end')
      .and.match(/1 goals?: .* in \d+ min \d+ s\n$/);
    expect(code).to.equal(/1 missed/.test(text) ? 1 : 0);
    const { contests } = JSON.parse(readFileSync(join(folder, 'bench.json'), 'utf8'));
    expect(contests[0].name).to.equal(CHURN);
    expect(contests[0].entries[0].samples).to.have.length.of.at.least(1);
  });

  for (const [what, source, reason] of [
    ['accepts and then does nothing', LISTEN, 'clients received nothing'],
    ['exits at once', '', 'it exited'],
    ['never listens', 'setInterval(() => {}, 1e6)', 'it does not listen'],
  ] as const) {
    it(`fails, and names the reason, for a relay that ${what}`, async () => {
      const { code, text } = await check('--command', relay(source));
      expect(text).to.match(new RegExp(`missed: ${CHURN}.*disqualified: .*${reason}`));
      expect(code).to.equal(1);
    });
  }
});
