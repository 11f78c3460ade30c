import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { within } from './waiting.js';

/** A relay without ids. It ends with this process, even if that is killed. */
const REFERENCE = `
const sockets = new Set();
const server = require('node:net').createServer((socket) => {
  sockets.add(socket);
  socket.setNoDelay().on('error', () => {}).on('close', () => sockets.delete(socket));
  socket.on('data', (chunk) => { for (const other of sockets) if (other !== socket) other.write(chunk); });
  socket.write('welcome');
}).listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)));
process.stdin.resume().on('close', () => process.exit());
`;

/** Time for the kit's own server to start, in milliseconds. */
const START_TIMEOUT_MS = 30_000;

interface Measurement {
  readonly totalMs: number;
  readonly quickestMs: number;
}

/**
 * The machine on which the kit runs. To find out whether it is too busy for any server, the kit sends a line through a
 * server of its own, in a process like the one under test.
 */
export class Machine {
  #process: ChildProcess | undefined;
  #port: Promise<number> | undefined;
  #answer: Promise<Measurement> | undefined;

  /** Whether the kit's own server accepts two clients and relays a question and its answer within this time. */
  async answersWithin(ms: number): Promise<boolean> {
    // Cases that ask at the same time share one answer.
    this.#answer ??= this.#measure(1).finally(() => {
      this.#answer = undefined;
    });
    const answer = await within(this.#answer, START_TIMEOUT_MS);
    return answer !== undefined && answer.totalMs <= ms;
  }

  /** Asks the kit's own server questions as the case `prompt` does; returns how long the quickest answer took. */
  async quickestAnswerMs(questions: number): Promise<number> {
    return (await within(this.#measure(questions), START_TIMEOUT_MS))?.quickestMs ?? Number.POSITIVE_INFINITY;
  }

  /** Ends the kit's own server. */
  close(): void {
    this.#process?.kill('SIGKILL');
  }

  async #measure(questions: number): Promise<Measurement> {
    this.#port ??= this.#start();
    return measure(await this.#port, questions);
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

/** Connects two clients to a relay. One asks the other questions in two lines each, and the other answers. */
async function measure(port: number, questions: number): Promise<Measurement> {
  const startMs = performance.now();
  const [a, b] = [connect(port, '127.0.0.1').setNoDelay(), connect(port, '127.0.0.1').setNoDelay()];
  // A run may end, and with it the server, while a question is asked.
  const onEnd = (): void => {
    for (const socket of [a, b]) socket.destroy(new Error('the server has ended'));
  };
  for (const socket of [a, b]) socket.on('error', onEnd).on('end', onEnd);
  const send = async (from: Socket, to: Socket): Promise<void> => {
    from.write('hello\n');
    await once(to, 'data');
  };
  let quickestMs = Number.POSITIVE_INFINITY;
  try {
    await Promise.all([once(a, 'data'), once(b, 'data')]);
    for (let i = 0; i < questions; i++) {
      const questionMs = performance.now();
      await send(a, b);
      await send(a, b);
      await send(b, a);
      quickestMs = Math.min(quickestMs, performance.now() - questionMs);
    }
    return { totalMs: performance.now() - startMs, quickestMs };
  } catch {
    return { totalMs: Number.POSITIVE_INFINITY, quickestMs };
  } finally {
    for (const socket of [a, b]) socket.destroy();
  }
}
