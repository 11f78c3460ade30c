import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { within } from './waiting.js';

/** A relay without ids. It ends with this process, even if that is killed. */
const REFERENCE = `
const sockets = new Set();
const server = require('node:net').createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  socket.on('data', (chunk) => { for (const other of sockets) if (other !== socket) other.write(chunk); });
  socket.write('welcome');
}).listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)));
process.stdin.resume().on('close', () => process.exit());
`;

/** Time for the kit's own server to start, in milliseconds. */
const START_TIMEOUT_MS = 30_000;

/**
 * The machine on which the kit runs. To find out whether it is too busy for any server, the kit sends a line through a
 * server of its own, in a process like the one under test.
 */
export class Machine {
  #process: ChildProcess | undefined;
  #port: Promise<number> | undefined;
  #measurement: Promise<number> | undefined;

  /** Whether the kit's own server accepts two clients and relays a line within this time. */
  async answersWithin(ms: number): Promise<boolean> {
    this.#port ??= this.#start();
    const port = await within(this.#port, START_TIMEOUT_MS);
    if (port === undefined) return false;
    // Cases that ask at the same time share one answer.
    this.#measurement ??= measureRelay(port).finally(() => {
      this.#measurement = undefined;
    });
    const durationMs = await within(this.#measurement, ms);
    return durationMs !== undefined && durationMs <= ms;
  }

  /** Ends the kit's own server. */
  close(): void {
    this.#process?.kill('SIGKILL');
  }

  async #start(): Promise<number> {
    this.#process = spawn(process.execPath, ['-e', REFERENCE], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    // A process that cannot be started does not answer.
    this.#process.on('error', () => {});
    const [port] = (await once(this.#process.stdout as Readable, 'data')) as [Buffer];
    return Number(port);
  }
}

/** Returns how long it takes to connect two clients to a relay and to send a line from one to the other. */
async function measureRelay(port: number): Promise<number> {
  const start = performance.now();
  const [sender, receiver] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  try {
    await Promise.all([once(sender, 'data'), once(receiver, 'data')]);
    const received = once(receiver, 'data');
    sender.write('hello\n');
    await received;
    return performance.now() - start;
  } catch {
    return Number.POSITIVE_INFINITY;
  } finally {
    for (const socket of [sender, receiver]) socket.on('error', () => {}).destroy();
  }
}
