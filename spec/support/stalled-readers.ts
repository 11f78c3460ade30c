import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { addCleanup } from './cleanup.js';
import type { Server } from './command.js';
import { within } from './waiting.js';

/** The data that the stalled readers have received in the end. */
export interface ReadBack {
  /** Of each reader, the SHA-256 of the bytes after the line `begin`. */
  readonly hashes: string[];
  readonly bytes: number;
  readonly seconds: number;
}

export interface StalledReaders {
  /** SIGCONT; resolves when each reader has received the line `end`. */
  readBacklog(): Promise<ReadBack>;
  /** SIGCONT. */
  resume(): void;
  /** SIGSTOP. */
  suspend(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** A process with `count` clients, which is suspended by SIGSTOP as soon as all of them have joined. */
export async function startStalledReaders(server: Server, count: number): Promise<StalledReaders> {
  const script = fileURLToPath(new URL('../../bench/stalled-reader.js', import.meta.url));
  const child = spawn(process.execPath, [script, String(server.port), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_V8_COVERAGE: '' },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await within(gone, 'the end of the stalled readers');
  };
  addCleanup(kill);
  await within(lines.next(), 'the stalled readers to join');
  child.kill('SIGSTOP');
  return {
    kill,
    resume: () => void child.kill('SIGCONT'),
    suspend: () => void child.kill('SIGSTOP'),
    async readBacklog() {
      child.kill('SIGCONT');
      return JSON.parse((await within(lines.next(), 'the backlog')).value) as ReadBack;
    },
  };
}
