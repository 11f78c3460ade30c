import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseCommand } from '../../bin/arguments.js';
import { describeWith, itWith } from '../support/tools.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
const COMMAND = '/usr/bin/env mini-serv';
/** Upper bound on the number that `systemd-analyze security` reports: 10 is a service without any protection. */
const MAX_EXPOSURE = 1.5;

const read = (path: string): string => readFileSync(join(EXAMPLES, path), 'utf8');

const SERVICE = join(EXAMPLES, 'systemd/mini-serv.service');
const SOCKET = join(EXAMPLES, 'systemd/mini-serv.socket');

describeWith('systemd', 'examples/systemd', () => {
  it('passes systemd-analyze verify', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', SERVICE, SOCKET]);
    expect([stderr.toString(), status]).to.deep.equal(['', 0]);
  });

  it('leaves the service little to attack', () => {
    const args = ['security', '--offline=yes', '--no-pager', SERVICE];
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
    const [env, name, ...args] = [...list.matchAll(/<string>(.*)<\/string>/g)].map(([, word = '']) => word);
    expect(`${env} ${name}`).to.equal(COMMAND);
    expect(parseCommand(args)).to.include({ kind: 'run', port: 4242 });
  });

  itWith('python3', 'is a property list', () => {
    const code = 'import plistlib, sys; print(sorted(plistlib.load(open(sys.argv[1], "rb"))))';
    const { stdout, stderr } = spawnSync('python3', ['-c', code, join(EXAMPLES, 'launchd/mini-serv.plist')]);
    expect(stderr.toString()).to.equal('');
    expect(stdout.toString()).to.match(/'KeepAlive', 'Label', 'ProgramArguments', 'RunAtLoad'/);
  });
});
