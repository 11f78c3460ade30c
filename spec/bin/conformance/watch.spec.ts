import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { MINI_SERV } from '../../support/conformance.js';
import { folder } from '../../support/modules.js';
import { type Program, startProgram } from '../../support/program.js';
import { describeWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';

const WAITING = /^Waiting for a change of .*Ctrl-C ends the command\.$/gm;

/** A program that prints this when it is started without a port. */
const printing = (message: string): string => `process.stderr.write('${message}\\n'); process.exit(1);`;
const RIGHT = printing('Wrong number of arguments');
const WRONG = printing('Nothing');
const HANGING = "require('node:fs').writeFileSync('started', ''); setInterval(() => {}, 1000);";

/** Starts the command with one stream for all that it prints. */
function startWatching(cwd: string, ...args: string[]): Program {
  const command = [process.execPath, MINI_SERV, 'conformance', '--watch', ...args];
  return startProgram('sh', ['-c', 'exec "$@" 2>&1', 'sh', ...command], { cwd });
}

/** Waits for the end of this run, and returns what was printed since the end of the one before. */
async function outputOfRun({ output }: Program, number: number): Promise<string> {
  const parts = (): string[] => output.text.split(WAITING);
  await eventually(`the end of run ${number}`, () => parts().length > number);
  return parts()[number - 1] as string;
}

describe('mini-serv conformance --watch', () => {
  const CASES = ['--only', 'no-argument,listens', '--timeout', '1s'];

  it('runs again after a change of the program, also by a rename, and ends with Ctrl-C', async () => {
    const cwd = await folder({ 'server.js': WRONG });
    const kit = startWatching(cwd, '--only', 'no-argument', process.execPath, 'server.js');
    expect(await outputOfRun(kit, 1)).to.contain('Failed 1 of 1 chosen case');
    writeFileSync(join(cwd, 'server.js'), RIGHT);
    expect(await outputOfRun(kit, 2)).to.contain('Passed 1 chosen case');
    writeFileSync(join(cwd, 'new.js'), WRONG);
    renameSync(join(cwd, 'new.js'), join(cwd, 'server.js'));
    expect(await outputOfRun(kit, 3)).to.contain('Failed 1 of 1 chosen case');
    kit.child.kill('SIGINT');
    await eventually('the end of the command', () => kit.child.exitCode !== null);
    expect(kit.child.exitCode).to.equal(130);
  });

  it('runs the cases first that failed before', async () => {
    const cwd = await folder({ 'server.js': RIGHT });
    const kit = startWatching(cwd, ...CASES, process.execPath, 'server.js');
    expect(await outputOfRun(kit, 1)).to.match(/^\[1\/2\] ✓ no-argument.*\n(?:.*\n)*?\[2\/2\] ✗ listens/m);
    writeFileSync(join(cwd, 'server.js'), WRONG);
    expect(await outputOfRun(kit, 2)).to.match(/^\[1\/2\] ✗ listens.*\n(?:.*\n)*?\[2\/2\] . no-argument/m);
  });

  it('starts again after a change during a run', async () => {
    const cwd = await folder({ 'server.js': HANGING });
    const kit = startWatching(
      cwd,
      '--only',
      'no-argument',
      '--timeout',
      '60s',
      process.execPath,
      'server.js',
    );
    await eventually('the first run', () => existsSync(join(cwd, 'started')));
    writeFileSync(join(cwd, 'server.js'), RIGHT);
    expect(await outputOfRun(kit, 1)).to.match(/Passed 1 chosen case/);
  });
});

describeWith('cc', 'mini-serv conformance --watch mini_serv.c', () => {
  const SOURCE = 'int main(void) { return 0; }\n';

  it('shows the errors of the compiler, also without the case for them, and waits for the next change', async () => {
    const cwd = await folder({ 'a.c': 'int main(void) { return missing; }\n' });
    const all = startWatching(cwd, '--only', 'compiles', 'a.c');
    const one = startWatching(cwd, '--only', 'no-argument', 'a.c');
    expect(await outputOfRun(all, 1))
      .to.contain('missing')
      .and.to.contain('✗ compiles');
    expect(await outputOfRun(one, 1))
      .to.contain('missing')
      .and.to.contain('a.c cannot be tested');
    writeFileSync(join(cwd, 'a.c'), SOURCE);
    expect(await outputOfRun(all, 2)).to.contain('✓ compiles');
    expect(await outputOfRun(one, 2)).to.contain('✗ no-argument');
  });
});
