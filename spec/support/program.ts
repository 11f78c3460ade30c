import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { addCleanup } from './cleanup.js';
import { Inbox } from './inbox.js';
import { within } from './waiting.js';

export interface Program {
  readonly child: ChildProcess;
  /** Standard output and standard error. */
  readonly output: Inbox;
}

/** Runs a program in a process group of its own until the test ends. */
export function startProgram(
  file: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Program {
  const child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = new Inbox();
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const closed = once(child, 'close');
  closed.then(() => output.finish()).catch(() => {});
  addCleanup(async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid);
    await within(closed, 'the end of a program');
  });
  return { child, output };
}
