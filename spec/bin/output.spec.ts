import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, shell } from '../support/command.js';
import { folder } from '../support/modules.js';

const FULL = 'mini-serv: cannot write to standard output: ENOSPC: no space left on device, write\n';

/** The commands whose result is their output, with the exit codes for a full disk and for a pipe without a reader. */
const COMMANDS: readonly (readonly [args: string, full: number, closed: number])[] = [
  ['--version', 1, 0],
  ['--help', 1, 0],
  ['verify --help', 1, 0],
  ['completion zsh', 1, 0],
  ['try -t escape', 1, 0],
  ['verify audit.json', 2, 1],
  ['conformance --list', 2, 0],
  ['conformance --only arguments false', 2, 2],
];

describe('standard output of a command', () => {
  for (const [args, full, closed] of COMMANDS) {
    const words = args.split(' ').map((word) => (word === 'false' ? '/bin/false' : word));

    it(`causes an error and the exit code ${full} on a full disk: ${args}`, async () => {
      const dir = await folder({ 'audit.json': 'damaged\n' });
      const { code, stderr } = await runCommand(words, shell(`cd ${dir}; "$@" > /dev/full`));
      // The conformance kit reports its progress on standard error.
      const messages = stderr.replace(/^\[.*\n/gm, '');
      expect({ code, messages }).to.deep.equal({ code: full, messages: FULL });
    });

    it(`causes no error and the exit code ${closed} if its reader has ended: ${args}`, async () => {
      const dir = await folder({ 'audit.json': 'damaged\n' });
      // The reader has ended before the command starts.
      const pipe = 'mkfifo pipe; { exec 3< pipe; } & exec 4> pipe; wait; "$@" >&4; echo $? >&2';
      const { stderr } = await runCommand(words, shell(`cd ${dir}; ${pipe}`));
      expect(stderr).to.equal(`${closed}\n`);
    });
  }

  it('fails if only a part of it fits', async () => {
    const path = join(await folder({}), 'part');
    // The file can have 512 bytes, and the coverage of the command is a file, too.
    const limited = shell(`ulimit -f 1; NODE_V8_COVERAGE= exec "$@" > ${path}`);
    expect(await runCommand(['--help'], limited)).to.include({
      code: 1,
      stderr: 'mini-serv: cannot write to standard output: EFBIG: file too large, write\n',
    });
  });

  it('fails with the same exit code if standard error cannot be written either', async () => {
    expect(await runCommand(['--version'], shell('exec "$@" > /dev/full 2>&1'))).to.include({ code: 1 });
    expect(await runCommand(['verify', '/dev/null'], shell('exec "$@" > /dev/full 2>&1'))).to.include({
      code: 2,
    });
  });

  it('is complete in a pipe whose reader is slow', async () => {
    const { stdout } = await runCommand(['--help'], shell('"$@" | { sleep 0.2; cat; }'));
    expect(stdout).to.equal((await runCommand(['--help'])).stdout);
  });
});
