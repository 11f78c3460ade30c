import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { addCleanup } from './cleanup.js';
import { within } from './waiting.js';

// The compiler does not copy the script into dist.
const SCRIPT = fileURLToPath(new URL('../../../spec/support/crowd.py', import.meta.url));

export interface Crowd {
  /** `send TEXT`, `close` or `reset`, see crowd.py; resolves when each of the clients has done so. */
  perform(command: string): Promise<void>;
  kill(): Promise<void>;
}

/** Starts many clients in one process; resolves when they have done what crowd.py does under this name. */
export async function startCrowd({ port }: { port: number }, what: string, count: number): Promise<Crowd> {
  const child = spawn('python3', [SCRIPT, String(port), what, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const done = async (step: string): Promise<void> => {
    const { value } = await within(lines.next(), step);
    if (value !== 'done') throw new Error(`${step}: crowd.py failed`);
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await within(gone, 'the end of crowd.py');
  };
  addCleanup(kill);
  await done(`crowd.py ${what} ${count}`);
  return {
    kill,
    async perform(command) {
      child.stdin.write(`${command}\n`);
      await done(command);
    },
  };
}
