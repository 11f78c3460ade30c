import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Command, parseCommand } from '../../bin/arguments.js';
import { createRelay, MiniServError } from '../../lib/index.js';
import { addCleanup } from '../support/cleanup.js';
import { serverCommand } from '../support/command.js';
import { checkProperty } from '../support/fuzz.js';
import { folder } from '../support/modules.js';
import { within } from '../support/waiting.js';

const OPTIONS = (
  '-t --transform --on-transform-error --audit --format --audit-format --max-line --memory --spill-dir --spill-limit ' +
  '--verbose --help --version --no-verbose --constructor --__proto__'
).split(' ');
const VALUES = [
  ...'0 -1 -0 4242x 70000 1e9 64M 1T = -- - -t -vx verify json wire bypass ./none.mjs'.split(' '),
  ...'filter=drop:[ rate={"lines":0} log={ ../ /dev/full/x __proto__ escape=a:b " \' replace=" ünï'.split(
    ' ',
  ),
  ...['9'.repeat(30), '', ' ', 'no\nsuch', '\x1b[2J\r', '💥', '\ud800', '\u202e', 'filter={"__proto__":1}'],
];

const value = fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'binary', maxLength: 8 }));
const args = fc.array(
  fc.oneof(
    fc.constantFrom(...OPTIONS),
    value,
    fc.tuple(fc.constantFrom(...OPTIONS), value).map(([option, text]) => `${option}=${text}`),
  ),
  { maxLength: 6 },
);

describe('fuzz: arguments of mini-serv', () => {
  it('gives a command or a message for any arguments, and never throws', async () => {
    const property = fc.property(args, (list) => {
      const command: Command = parseCommand(list);
      if (command.kind !== 'run') {
        if ('message' in command && command.message.trim() === '') throw new Error('the message is empty');
        return;
      }
      if (!Number.isInteger(command.port)) throw new Error(`the port is ${command.port}`);
      try {
        void createRelay(command.relay).close();
      } catch (error) {
        if (!(error instanceof MiniServError)) throw error;
      }
    });
    await checkProperty(0.5, property);
  });

  it('runs, or prints one line and exits with 1', async () => {
    const cwd = await folder({});
    const property = fc.asyncProperty(fc.array(args, { minLength: 3, maxLength: 3 }), async (lists) => {
      await Promise.all(lists.map((list) => runOrFail(list, cwd)));
    });
    await checkProperty(1 / 2500, property);
  });
});

/** Runs the command to its end. A relay is ended as soon as it listens. */
async function runOrFail(list: string[], cwd: string): Promise<void> {
  // The operating system does not pass NUL to a program.
  if (list.some((arg) => arg.includes('\0'))) return;
  const [file = '', ...first] = serverCommand();
  const child = spawn(file, [...first, ...list], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  addCleanup(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    if (stderr.includes('listening on')) child.kill('SIGTERM');
  });
  const shown = JSON.stringify(list);
  const [code, signal] = await within(once(child, 'close'), `the end of ${shown}`);
  expect(signal, shown).to.equal(null);
  expect(`${stdout}${stderr}`, shown).not.to.match(/^ +at |node:internal|Error: /m);
  if (code === 0) return;
  const isUnreadable = list.includes('verify') && code === 2;
  if (!isUnreadable) expect(code, `${shown} ${stderr}`).to.equal(1);
  // --verbose adds the reason of a fatal error.
  expect(stderr, shown).to.match(list.includes('--verbose') ? /^(\P{Cc}+\n){1,2}$/u : /^\P{Cc}+\n$/u);
}
