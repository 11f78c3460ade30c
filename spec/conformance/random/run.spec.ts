import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createRandomCase } from '../../../bin/conformance/create-random-case.js';
import { CASES } from '../../../lib/conformance/cases/index.js';
import { randomCase } from '../../../lib/conformance/random/case.js';
import { runRandom } from '../../../lib/conformance/random/run.js';
import { runCases } from '../../../lib/conformance/run.js';
import { visible } from '../../../lib/conformance/text.js';
import type { Result } from '../../../lib/conformance/trial.js';
import { compiledServers } from '../../support/conformance.js';
import { freePort, isListening } from '../../support/ports.js';
import { describeWith, itWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';

/** A correct server answers at once, so only a wrong one makes the kit wait. */
const TIMEOUT_MS = 5000;

/** Returns the steps of a failure as a text. */
const shown = ({ timeline }: Result): string[] =>
  timeline.map(({ client, action, bytes }) => `${client} ${action}${bytes ? ` ${visible(bytes)}` : ''}`);

describeWith('cc', 'random sessions', () => {
  let servers: ReturnType<typeof compiledServers>;
  let folder: string;
  const startFolder = process.cwd();

  before(() => {
    servers = compiledServers();
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'mini-serv-random-')));
    process.chdir(folder);
  });

  after(() => {
    process.chdir(startFolder);
    rmSync(folder, { recursive: true });
    servers.remove();
  });

  it('pass for a correct server, and leave no file behind', async () => {
    const command = [await servers.compile('NONE')];
    const one = createRandomCase('practice', { random: 5, seed: 42, jobs: 2, subject: 'common' });
    const [result] = await runCases({ command, cases: [one], timeoutMs: TIMEOUT_MS });
    expect(result).to.deep.include({ outcome: 'passed', case: one });
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('find a mistake, and report the shortest session that shows it, the same in each run', async () => {
    const command = [await servers.compile('TO_ONESELF')];
    const run = () =>
      runRandom({
        command,
        timeoutMs: TIMEOUT_MS,
        cases: CASES,
        case: randomCase('subject', 20, 1),
        jobs: 2,
      });
    const { result, replay } = await run();
    expect(result.outcome).to.equal('failed');
    expect(shown(result)).to.deep.equal([
      'A connects',
      'A sends a\\n',
      'B connects',
      'A receives server: client 1 just arrived\\n',
    ]);
    expect(result.details?.received?.toString()).to.equal('client 0: a\n');
    const again = await runRandom({
      command,
      timeoutMs: TIMEOUT_MS,
      cases: CASES,
      case: randomCase('subject', 1, replay?.seed ?? 0),
    });
    expect(shown(again.result)).to.deep.equal(shown(result));
    expect(again.replay).to.deep.equal(replay);
  });

  itWith('python3', 'write a program that plays the session without the kit', async () => {
    const program = await servers.compile('PREFIX_ONCE');
    const one = createRandomCase('subject', { random: 20, seed: 1, jobs: undefined, subject: 'newline' });
    const [result] = await runCases({ command: [program], cases: [one], timeoutMs: TIMEOUT_MS });
    const [file = ''] = readdirSync(folder);
    expect(result?.details?.output?.join('\n')).to.match(
      /--random 1 --seed \d+ --rank subject --subject newline /,
    );
    expect(result?.details?.output?.join('\n')).to.contain(`python3 ${file}`);
    const play = async (server: string): Promise<number | null> => {
      const port = await freePort();
      const child = spawn(server, [`${port}`]);
      try {
        await eventually('the server listens', () => isListening(port) ?? true);
        const python = spawn('python3', [join(folder, file), `${port}`], { stdio: 'ignore' });
        return ((await once(python, 'close')) as [number | null])[0];
      } finally {
        child.kill('SIGKILL');
      }
    };
    expect(await play(program)).to.equal(1);
    expect(await play(await servers.compile('NONE'))).to.equal(0);
    const withoutServer = spawn('python3', [join(folder, file), `${await freePort()}`], { stdio: 'ignore' });
    expect((await once(withoutServer, 'close'))[0]).to.equal(2);
    rmSync(join(folder, file));
    mkdirSync(join(folder, file));
    const [failed] = await runCases({ command: [program], cases: [one], timeoutMs: TIMEOUT_MS });
    expect(failed?.details?.output?.join('\n')).to.contain('cannot be written: EISDIR');
  });
});
