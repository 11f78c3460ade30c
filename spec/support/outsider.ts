import { spawn } from 'node:child_process';
import { afterwards } from './cleanup.js';
import type { Server } from './command.js';
import { type Condition, Inbox } from './inbox.js';
import { within } from './waiting.js';

/** A client in a process of its own, which can be suspended and killed. */
export interface Outsider {
  send(bytes: string): void;
  /** SIGSTOP: the process no longer reads, and the kernel's buffers fill. */
  halt(): void;
  /** SIGCONT. */
  wake(): void;
  /** SIGKILL. */
  kill(): void;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;
  until(condition: Condition): Promise<void>;
  hears(...parts: string[]): Promise<void>;
}

const SCRIPT = `
const socket = require('node:net').connect({ port: Number(process.argv[1]), host: '127.0.0.1' });
socket.pipe(process.stdout);
process.stdin.pipe(socket);
socket.on('error', () => process.stdin.destroy());
socket.on('end', () => process.stdin.destroy());
`;

export function outsider({ port }: Server): Outsider {
  const child = spawn(process.execPath, ['-e', SCRIPT, String(port)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, NODE_V8_COVERAGE: '' },
  });
  const inbox = new Inbox();
  child.stdout.on('data', (chunk: Buffer) => inbox.push(chunk)).once('close', () => inbox.finish());
  // The process may be killed while there is still something to send.
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  afterwards(async () => {
    child.kill('SIGKILL');
    await within(gone, 'the end of a client process');
  });
  return {
    send: (bytes) => void child.stdin.write(bytes),
    halt: () => void child.kill('SIGSTOP'),
    wake: () => void child.kill('SIGCONT'),
    kill: () => void child.kill('SIGKILL'),
    gone,
    until: (condition) => inbox.until(condition),
    hears: (...parts) => inbox.exactly(Buffer.from(parts.join(''))),
  };
}
