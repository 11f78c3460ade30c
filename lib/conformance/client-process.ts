import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from './clock.js';
import type { Connection } from './connection.js';
import { Inbox } from './inbox.js';
import { within } from './waiting.js';

/** Time for a killed process to end, in milliseconds. */
const CLOSE_TIMEOUT_MS = 30_000;

const SCRIPT = `
const socket = require('node:net').connect({ port: Number(process.argv.at(-1)), host: '127.0.0.1' });
socket.once('connect', () => process.stderr.write('connected'));
socket.pipe(process.stdout);
process.stdin.pipe(socket);
socket.on('error', () => process.stdin.destroy());
socket.on('end', () => process.stdin.destroy());
`;

/** A client in a process of its own, which signals can stop and kill. */
export class ClientProcess {
  /** Settles when it has connected, or has failed to. The start-up time of Node must not count for the server. */
  readonly connected: Promise<unknown>;
  /** Settles when the process has ended. */
  readonly closed: Promise<void>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;

  constructor(port: number) {
    this.#process = spawn(process.execPath, ['-e', SCRIPT, String(port)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    const { stderr } = this.#process;
    this.connected = new Promise((resolve) => stderr.once('data', resolve).once('close', resolve));
    this.closed = new Promise((resolve) => this.#process.once('close', () => resolve()));
  }

  /** The bytes that the client receives. */
  get input(): Readable {
    return this.#process.stdout;
  }

  /** The bytes that the client sends. */
  get output(): Writable {
    return this.#process.stdin;
  }

  openConnection(clock: Clock): Connection {
    const { input, output } = this;
    const inbox = new Inbox(input, clock);
    input.on('data', (chunk: Buffer) => inbox.push(chunk));
    return { input, output, inbox };
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Kills the process, and waits until it has ended. */
  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    await within(this.closed, CLOSE_TIMEOUT_MS);
  }
}
