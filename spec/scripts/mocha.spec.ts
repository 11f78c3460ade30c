import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { folder } from '../support/modules.js';

interface Failure {
  title: string;
  text: string;
  again?: string;
}

interface Runner {
  runSpecs(files: string[], options: object): Promise<string>;
}

/** Runs a spec file as the test runner does, and returns everything that was reported. */
async function run(code: string, limits: object = {}) {
  // Not typed: the scripts are plain JavaScript.
  const path = new URL('../../../scripts/test/mocha.mjs', import.meta.url).href;
  const { runSpecs } = (await import(path)) as Runner;
  const file = join(await folder({}), 'sample.spec.cjs');
  writeFileSync(file, code);
  const results: string[] = [];
  const failures: Failure[] = [];
  const output = await runSpecs([file], {
    env: { NODE_V8_COVERAGE: '' },
    onResult: (kind: string, { title }: { title: string }) => results.push(`${kind}: ${title}`),
    onFailure: (failure: Failure) => failures.push(failure),
    ...limits,
  });
  return { results, failures, output };
}

describe('runSpecs() of the test runner', () => {
  it('reports each test with its full title, and what the specs print', async () => {
    const { results, failures, output } = await run(`describe('a', () => {
      it('b', () => console.log('text'));
      it.skip('c', () => {});
    });`);
    expect(results).to.deep.equal(['passed: a b', 'skipped: a c']);
    expect(failures).to.deep.equal([]);
    expect(output).to.equal('text\n');
  });

  it('reports a failed test in full, with the title that runs it again', async () => {
    const { failures } = await run(`const { deepEqual } = require('node:assert');
      describe('a', () => it('b', () => deepEqual({ x: 1 }, { x: 2 })));`);
    expect(failures).to.have.length(1);
    expect(failures[0]).to.include({ title: 'a b', again: 'a b' });
    expect(failures[0]?.text)
      .to.match(/-\s+"x": 1\n\s+\+\s+"x": 2/)
      .and.to.match(/sample\.spec\.cjs:2/);
  });

  it('reports a failed hook, with the title of the test that it belongs to', async () => {
    const { failures } = await run(`describe('a', () => {
      afterEach(() => { throw new Error('not cleaned up'); });
      it('b', () => {});
    });`);
    expect(failures[0]).to.include({ title: 'a "after each" hook for "b"', again: 'a b' });
    expect(failures[0]?.text).to.include('not cleaned up');
  });

  const crashes: [string, string, RegExp][] = [
    ['a spec file that cannot be loaded', 'no JavaScript', /^mocha ended \(1\) before the first test$/],
    [
      'a process that exits during a test',
      "it('a', () => process.exit(0));",
      /^mocha ended \(0\) in or after: a$/,
    ],
    ['a process that is killed', "it('a', () => process.kill(process.pid, 'SIGKILL'));", /\(SIGKILL\)/],
    [
      'an error after the last test',
      "it('a', () => void process.once('beforeExit', () => { throw 0; }));",
      /after 1 tests$/,
    ],
    ['a spec file without tests', '', /^mocha ended \(0\) after 0 tests$/],
  ];
  for (const [what, code, title] of crashes) {
    it(`reports ${what} as a failure, with its output`, async () => {
      const { failures } = await run(`process.stderr.write('last words'); ${code}`);
      expect(failures).to.have.length(1);
      expect(failures[0]?.title).to.match(title);
      if (title !== crashes[0]?.[2]) expect(failures[0]?.text).to.include('last words');
    });
  }

  it('accepts a spec file in which no title contains the text of --grep', async () => {
    const { results, failures } = await run("it('a', () => {}); it('b', () => {});", { grep: 'c' });
    expect({ results, failures }).to.deep.equal({ results: [], failures: [] });
    const { results: found } = await run("it('a', () => {}); it('b', () => {});", { grep: 'b' });
    expect(found).to.deep.equal(['passed: b']);
  });

  it('ends a process in which a test never returns, and reports the test', async () => {
    const { failures } = await run("it('a', () => { for (;;); });", { silenceLimitMs: 1500 });
    expect(failures.map(({ title }) => title)).to.deep.equal(['no test ended within 1.5 s, in or after: a']);
  });

  it('ends a process that does not exit after its last test, and reports its open handles', async () => {
    const code = "it('a', () => { require('node:net').createServer().listen(0); });";
    const { failures } = await run(code, { exitLimitMs: 1500, env: { MINI_SERV_EXIT_GRACE_MS: '100' } });
    expect(failures[0]?.title).to.match(
      /^mocha did not exit within 1\.5 s of its last test; open handles: (unknown|.*TCPServerWrap)/,
    );
  });

  it('ends processes that the specs leave behind, and reports their commands', async function () {
    if (process.platform !== 'linux') this.skip();
    const code = `it('a', () => {
      const options = { detached: true, stdio: 'ignore' };
      require('node:child_process').spawn('sleep', ['1000'], options).unref();
    });`;
    const { failures } = await run(code, { descendantsLimitMs: 100 });
    expect(failures[0]?.title).to.equal('the specs left processes behind:\n  sleep 1000');
  });
});
