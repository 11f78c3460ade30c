import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterwards } from './cleanup.js';
import type { Server } from './command.js';
import { within } from './waiting.js';

/** What stopped readers have had, once they were continued: of each, the SHA-256 of what came after `begin`. */
export interface ReadBack {
  readonly hashes: string[];
  readonly bytes: number;
  readonly seconds: number;
}

export interface Stopped {
  /** SIGCONT; resolved when each of them has had the line `end`. */
  resume(): Promise<ReadBack>;
  /** SIGCONT, and SIGSTOP again. */
  cont(): void;
  halt(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** A process with `count` connections to the server, all of them arrived, and then stopped with SIGSTOP. */
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
    await within(gone, 'the end of the stopped readers');
  };
  afterwards(kill);
  await within(lines.next(), 'the readers to connect');
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

/** The hash of what readers get after the line `begin`, to be given it as it is said. */
export function expectation(): Hash {
  return createHash('sha256');
}
