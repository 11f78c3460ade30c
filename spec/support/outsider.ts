import { spawn } from 'node:child_process';
import { afterwards } from './cleanup.js';
import type { Server } from './command.js';
import { type Condition, Inbox } from './inbox.js';
import { within } from './waiting.js';

/** A client in a process of its own, which can be stopped and killed as only a process can. */
export interface Outsider {
  send(bytes: string): void;
  /** SIGSTOP: it reads no more, and the kernel's buffers fill. */
  halt(): void;
  wake(): void;
  kill(): void;
  /** Its connection has ended and it is gone. */
  readonly gone: Promise<void>;
  until(condition: Condition, ms?: number): Promise<void>;
  hears(...parts: string[]): Promise<void>;
}

const script = `
const socket = require('node:net').connect({ port: Number(process.argv[1]), host: '127.0.0.1' });
socket.pipe(process.stdout);
process.stdin.pipe(socket);
socket.on('close', () => process.exitCode ??= 0).on('error', () => process.stdin.destroy());
socket.on('end', () => process.stdin.destroy());
`;

export function outsider({ port }: Server): Outsider {
  const child = spawn(process.execPath, ['-e', script, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const inbox = new Inbox();
  child.stdout.on('data', (chunk: Buffer) => inbox.push(chunk)).once('close', () => inbox.finish());
  // Killed with words still to say: that is what it is for.
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  afterwards(async () => {
    child.kill('SIGKILL');
    await within(gone, 'the end of an outsider');
  });
  return {
    send: (bytes) => void child.stdin.write(bytes),
    halt: () => void child.kill('SIGSTOP'),
    wake: () => void child.kill('SIGCONT'),
    kill: () => void child.kill('SIGKILL'),
    gone,
    until: (condition, ms) => inbox.until(condition, ms),
    hears: (...parts) => inbox.exactly(Buffer.from(parts.join(''))),
  };
}
