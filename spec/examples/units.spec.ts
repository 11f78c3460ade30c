import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseCommand } from '../../bin/arguments.js';
import { folder } from '../support/modules.js';
import { describeWith, itWith } from '../support/tools.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const COMMAND = '/usr/local/bin/mini-serv';
/** Upper bound on the number that `systemd-analyze security` reports: 10 is a service without any protection. */
const MAX_EXPOSURE = 1.5;

const read = (path: string): string => readFileSync(join(EXAMPLES, path), 'utf8');

/** The units, with a command that exists. */
async function units(): Promise<{ dir: string; paths: string[] }> {
  const names = ['mini-serv.service', 'mini-serv.socket'];
  const dir = await folder({ command: '#!/bin/sh\n' });
  chmodSync(join(dir, 'command'), 0o755);
  const texts = names.map((name) => [name, read(`systemd/${name}`).replace(COMMAND, join(dir, 'command'))]);
  const copy = await folder(Object.fromEntries(texts));
  return { dir: copy, paths: names.map((name) => join(copy, name)) };
}

describeWith('systemd', 'examples/systemd', () => {
  it('passes systemd-analyze verify', async () => {
    const { paths } = await units();
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...paths]);
    expect([stderr.toString(), status]).to.deep.equal(['', 0]);
  });

  it('leaves the service little to attack', async () => {
    const { paths } = await units();
    const args = ['security', '--offline=yes', '--no-pager', paths[0] ?? ''];
    const { stdout } = spawnSync('systemd-analyze', args);
    const [, exposure] =
      /Overall exposure level for mini-serv\.service: ([\d.]+)/.exec(stdout.toString()) ?? [];
    expect(Number(exposure)).to.be.below(MAX_EXPOSURE);
  });
});

describe('examples/systemd', () => {
  it('has arguments that the command accepts, and the same port in both units', () => {
    const [, args = ''] =
      new RegExp(`^ExecStart=${COMMAND} (.*)$`, 'm').exec(read('systemd/mini-serv.service')) ?? [];
    expect(parseCommand(args.split(' '))).to.include({ kind: 'run', port: 4242 });
    expect(read('systemd/mini-serv.socket')).to.include('\nListenStream=127.0.0.1:4242\n');
  });
});

describe('examples/launchd', () => {
  it('has arguments that the command accepts', () => {
    const [, list = ''] = /<array>([\s\S]*?)<\/array>/.exec(read('launchd/mini-serv.plist')) ?? [];
    const [command, ...args] = [...list.matchAll(/<string>(.*)<\/string>/g)].map(([, word = '']) => word);
    expect(command).to.equal(COMMAND);
    expect(parseCommand(args)).to.include({ kind: 'run', port: 4242 });
  });

  itWith('python3', 'is a property list', () => {
    const code = 'import plistlib, sys; print(sorted(plistlib.load(open(sys.argv[1], "rb"))))';
    const { stdout, stderr } = spawnSync('python3', ['-c', code, join(EXAMPLES, 'launchd/mini-serv.plist')]);
    expect(stderr.toString()).to.equal('');
    expect(stdout.toString()).to.match(/'KeepAlive', 'Label', 'ProgramArguments', 'RunAtLoad'/);
  });
});
