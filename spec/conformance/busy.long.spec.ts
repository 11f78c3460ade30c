import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { addCleanup } from '../support/cleanup.js';
import { compiledServers, RELAY, ROOT, reportOn, script, scriptWithMistake } from '../support/conformance.js';
import { describeWith } from '../support/tools.js';

/** Keeps all processors busy until the test ends. */
function occupyProcessors(): void {
  for (let i = 0; i < availableParallelism(); i++) {
    const loop = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore', env: {} });
    addCleanup(() => void loop.kill('SIGKILL'));
  }
}

/** Expects the same report with and without busy loops. Returns the cases that failed. */
async function expectSameReports(command: readonly string[], ...options: string[]): Promise<string[]> {
  const quiet = await reportOn(command, ...options);
  occupyProcessors();
  expect(await reportOn(command, ...options)).to.deep.equal(quiet);
  return quiet.cases.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
}

describe('mini-serv conformance, on a busy machine', () => {
  it('passes mini-serv itself in all cases', async () => {
    expect(await expectSameReports(RELAY, '--rank', 'beyond')).to.deep.equal([]);
  });

  for (const [mistake, failing] of [
    ['slow', 'prompt'],
    ['busy', 'idle'],
  ] as const) {
    it(`fails only ${failing} of the cases that measure time for ${mistake}`, async function () {
      if (mistake === 'busy' && process.platform !== 'linux') this.skip();
      const names = ['--only', 'quiet,prompt,idle'];
      expect(await expectSameReports(scriptWithMistake(mistake), ...names)).to.deep.equal([failing]);
    });
  }

  it('fails a server that hangs, whether it waits or uses a processor', async () => {
    const hang = (code: string): string[] =>
      script(`net.createServer((socket) => socket.on('data', () => { ${code} })).listen(port, '127.0.0.1')`);
    const options = ['--only', 'lines', '--timeout', '1s'];
    expect(await expectSameReports(hang(''), ...options)).to.deep.equal(['lines']);
    expect(await expectSameReports(hang('for (;;);'), ...options)).to.deep.equal(['lines']);
  });
});

describeWith('cc', 'mini-serv conformance, on a busy machine, with servers in C', () => {
  it('reports the same about a source file as written in the exam', async () => {
    const failed = await expectSameReports([join(ROOT, 'bench/peers/exam.c')]);
    expect(failed).to.include('crowd').and.to.not.include('prompt');
  });

  for (const mistake of ['PREFIX_ONCE', 'BLOCKING_SEND', 'LEAK_DESCRIPTORS'] as const) {
    it(`reports the same about a server with the mistake ${mistake}`, async () => {
      const servers = compiledServers();
      addCleanup(() => servers.remove());
      const failed = await expectSameReports(
        [await servers.compile(mistake)],
        '--rank',
        'practice',
        '--timeout',
        '2s',
      );
      expect(failed).to.have.length(1);
    });
  }
});
