import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { folder } from '../../support/modules.js';
import { onTerminal } from '../../support/terminal.js';
import { describeWith } from '../../support/tools.js';

describeWith('python3', 'mini-serv conformance on a terminal', () => {
  it('passes only the report to a pipe, and removes its progress from the terminal before', async () => {
    const cwd = await folder({});
    const [file = '', ...args] = onTerminal('"$@" | tee log');
    const options = ['conformance', '--only', 'no-argument', process.execPath];
    const { stdout } = spawnSync(file, [...args, ...options], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'xterm' },
    });
    expect(readFileSync(join(cwd, 'log'), 'utf8')).to.match(/^Failed 1 of 1 chosen case/);
    expect(stdout).to.contain('[1/1]').and.to.contain('\r\x1b[KFailed 1 of 1 chosen case');
  });

  for (const [variables, coloured] of [
    [{ NO_COLOR: '', TERM: 'xterm' }, true],
    [{ NO_COLOR: '1', TERM: 'xterm' }, false],
    [{ NO_COLOR: '', TERM: 'dumb' }, false],
    [{ FORCE_COLOR: '0', TERM: 'xterm' }, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, true],
  ] as const) {
    it(`prints ${coloured ? '' : 'no '}colours with ${JSON.stringify(variables)}`, () => {
      const [file = '', ...args] = [...onTerminal(), 'conformance', '--only', 'compiles', process.execPath];
      const env = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined, ...variables };
      const { stdout } = spawnSync(file, args, { encoding: 'utf8', env });
      expect(stdout).to.contain('a command is tested, not a source file: compiles');
      // The progress erases its line without a colour.
      expect(stdout.replaceAll('\x1b[K', '').includes('\x1b[')).to.equal(coloured);
    });
  }
});
