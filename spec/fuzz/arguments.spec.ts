import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Command, parseCommand } from '../../bin/arguments.js';
import { createRelay, MiniServError } from '../../lib/index.js';
import { afterwards } from '../support/cleanup.js';
import { serverCommand } from '../support/command.js';
import { checkProperty } from '../support/fuzz.js';
import { folder } from '../support/modules.js';
import { within } from '../support/waiting.js';

const OPTIONS = [
  ...[
    '-t',
    '--transform',
    '--on-transform-error',
    '--audit',
    '--format',
    '--audit-format',
    '--max-line',
    '--memory',
  ],
  ...[
    '--spill-dir',
    '--spill-limit',
    '--verbose',
    '--help',
    '--version',
    '--no-verbose',
    '--constructor',
    '--__proto__',
  ],
];
const VALUES = [
  ...[
    '0',
    '-1',
    '-0',
    '4242x',
    '70000',
    '1e9',
    '64M',
    '1T',
    '9'.repeat(30),
    '',
    ' ',
    '=',
    '--',
    '-',
    '-t',
    '-vx',
    'verify',
  ],
  ...[
    'json',
    'wire',
    'bypass',
    './none.mjs',
    'filter',
    'filter=drop:[',
    'rate={"lines":0}',
    'log={',
    'no\nsuch',
    '\x1b[2J\r',
  ],
  ...[
    '../',
    '/dev/full/x',
    '__proto__',
    'escape=a:b',
    '"',
    "'",
    'replace="',
    '💥',
    '\ud800',
    'ünï',
    '\u202e',
    'filter={"__proto__":1}',
  ],
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

describe('fuzz: arguments', () => {
  it('are made sense of, or refused in one breath: nothing is thrown', async () => {
    const property = fc.property(args, (list) => {
      const command: Command = parseCommand(list);
      if (command.kind !== 'run') {
        if ('message' in command && command.message.trim() === '') throw new Error('it does not say why');
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

  it('have the real command run, or say one clear line and exit with 1', async () => {
    const cwd = await folder({});
    const property = fc.asyncProperty(fc.array(args, { minLength: 3, maxLength: 3 }), async (lists) => {
      await Promise.all(lists.map((list) => attempt(list, cwd)));
    });
    await checkProperty(1 / 2500, property);
  });
});

/** Runs the command; one that listens is told to end. */
async function attempt(list: string[], cwd: string): Promise<void> {
  // What no program can be given.
  if (list.some((arg) => arg.includes('\0'))) return;
  const [file = '', ...first] = serverCommand();
  const child = spawn(file, [...first, ...list], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  afterwards(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    if (stderr.includes('listening on')) child.kill('SIGTERM');
  });
  const what = JSON.stringify(list);
  const [code, signal] = await within(once(child, 'close'), `the end of ${what}`);
  expect(signal, what).to.equal(null);
  expect(`${stdout}${stderr}`, what).not.to.match(/^ +at |node:internal|Error: /m);
  if (code === 0) return;
  const reading = list.includes('verify') && code === 2;
  if (!reading) expect(code, `${what} ${stderr}`).to.equal(1);
  // Why it is fatal is for those who ask.
  expect(stderr, what).to.match(list.includes('--verbose') ? /^(\P{Cc}+\n){1,2}$/u : /^\P{Cc}+\n$/u);
}
