import { type ChildProcess, spawn } from 'node:child_process';
import type { Ends } from './client.js';
import { Inbox } from './inbox.js';
import { within } from './patience.js';

/** A client in a process of its own, which can be stopped and killed as only a process can. */
const SCRIPT = `
const socket = require('node:net').connect({ port: Number(process.argv[1]), host: '127.0.0.1' });
socket.once('connect', () => process.stderr.write('connected'));
socket.pipe(process.stdout);
process.stdin.pipe(socket);
socket.on('error', () => process.stdin.destroy());
socket.on('end', () => process.stdin.destroy());
`;

export class Outsider {
  readonly process: ChildProcess;
  readonly gone: Promise<void>;
  /** How long it takes to begin is the computer's matter, and not the server's. */
  readonly connected: Promise<unknown>;

  constructor(port: number) {
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    this.process = spawn(process.execPath, ['-e', SCRIPT, String(port)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env,
    });
    const { stderr } = this.process;
    this.connected = new Promise((resolve) => stderr?.once('data', resolve).once('close', resolve));
    this.gone = new Promise((resolve) => this.process.once('close', () => resolve()));
  }

  get ends(): Ends {
    const { stdin, stdout } = this.process;
    if (stdin === null || stdout === null) throw new Error('a client in a process of its own has no pipes');
    const inbox = new Inbox(stdout);
    stdout.on('data', (chunk: Buffer) => inbox.push(chunk));
    return { input: stdout, output: stdin, inbox };
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  async end(ms: number): Promise<void> {
    this.process.kill('SIGKILL');
    await within(this.gone, ms);
  }
}
