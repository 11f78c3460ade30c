import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterwards } from './cleanup.js';
import type { Server } from './command.js';
import { within } from './waiting.js';

/** The data that the stalled readers have received in the end. */
export interface ReadBack {
  /** Of each reader, the SHA-256 of the bytes after the line `begin`. */
  readonly hashes: string[];
  readonly bytes: number;
  readonly seconds: number;
}

export interface Stopped {
  /** SIGCONT; resolves when each reader has received the line `end`. */
  resume(): Promise<ReadBack>;
  /** SIGCONT. */
  cont(): void;
  /** SIGSTOP. */
  halt(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** A process with `count` clients, which is suspended by SIGSTOP as soon as all of them have joined. */
export async function stoppedReaders(server: Server, count: number): Promise<Stopped> {
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
  afterwards(kill);
  await within(lines.next(), 'the stalled readers to join');
  child.kill('SIGSTOP');
  return {
    kill,
    cont: () => void child.kill('SIGCONT'),
    halt: () => void child.kill('SIGSTOP'),
    async resume() {
      child.kill('SIGCONT');
      return JSON.parse((await within(lines.next(), 'the backlog')).value) as ReadBack;
    },
  };
}

/** A hash to compare with that of a stalled reader: of everything after the line `begin`. */
export function expectation(): Hash {
  return createHash('sha256');
}
