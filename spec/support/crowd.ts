import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterwards } from './cleanup.js';
import { within } from './waiting.js';

// It is no TypeScript, so it is not beside this when this is compiled.
const SCRIPT = fileURLToPath(new URL('../../../spec/support/crowd.py', import.meta.url));

export interface Crowd {
  /** `send TEXT`, `close` or `reset`, as crowd.py says; resolved when each of them has done so. */
  tell(command: string): Promise<void>;
  kill(): Promise<void>;
}

/** Many clients in a process of their own; resolved when they have done `what` crowd.py has for them. */
export async function crowd(
  { port }: { port: number },
  what: string,
  count: number,
  ms = 30_000,
): Promise<Crowd> {
  const child = spawn('python3', [SCRIPT, String(port), what, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const done = async (step: string): Promise<void> => {
    const { value } = await within(lines.next(), step, ms);
    if (value !== 'done') throw new Error(`${step}: the crowd has failed`);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await within(gone, 'the end of the crowd');
  };
  afterwards(kill);
  await done(`a crowd: ${what} ${count}`);
  return {
    kill,
    tell: async (command) => {
      child.stdin.write(`${command}\n`);
      await done(command);
    },
  };
}
