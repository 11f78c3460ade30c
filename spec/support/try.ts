import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { addCleanup } from './cleanup.js';
import { serverCommand } from './command.js';
import { folder, SHOUT } from './modules.js';
import { within } from './waiting.js';

/** Transforms that `runTry` finds in its folder. */
export const MODULES = {
  'shout.mjs': `export default (message) => ${SHOUT};`,
  'fails.mjs': `export default (message) => {
    if (message.text === 'bad') throw new Error('oops');
    return message.text === 'drop' ? null : message;
  };`,
  'stalls.mjs': `export default (message) => message.text === 'bad' ? new Promise(() => {}) : message;`,
  'crashes.mjs': `const crash = () => { throw new Error('late'); };
    export default (message) => new Promise(() => setTimeout(crash));`,
  'slow.mjs': `export default (message) => new Promise((resolve) => setTimeout(resolve, 5, message));`,
  'numbers.mjs': `export default async function* (messages) {
    let count = 0;
    for await (const message of messages) {
      yield message.kind === 'line' ? { ...message, text: ++count + ' ' + message.text } : message;
    }
    yield { kind: 'line', client: 0, text: 'end' };
  };`,
};

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>;

/** Starts `mini-serv try` in a folder, until the test ends. */
export function startTry(args: string[], cwd: string, stdin: 'pipe' | number = 'pipe') {
  const [file = '', ...first] = serverCommand();
  const child = spawn(file, [...first, 'try', ...args], { cwd, stdio: [stdin, 'pipe', 'pipe'] }) as Child;
  addCleanup(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs `mini-serv try` on this input, to its end. */
export async function runTry(
  args: string[],
  input: string | Buffer,
  files: Record<string, string> = MODULES,
) {
  const child = startTry(args, await folder(files));
  child.stdin?.on('error', () => {}).end(input);
  const closed = once(child, 'close') as Promise<[number]>;
  const [stdout, stderr, [code]] = await within(
    Promise.all([buffer(child.stdout), text(child.stderr), closed]),
    `the end of try ${args.join(' ')}`,
  );
  return { code, bytes: stdout, stdout: stdout.toString(), stderr };
}
