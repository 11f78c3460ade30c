import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { addCleanup } from './cleanup.js';
import type { Server } from './command.js';
import { type Condition, Inbox } from './inbox.js';
import { WAIT_LIMIT_MS, within } from './waiting.js';
import { arrivedNotice } from './wire.js';

const RETRY_INTERVAL_MS = 10;

/** A client of the server under test, over TCP. */
export class Client {
  readonly socket: Socket;
  readonly inbox = new Inbox();
  /** The server has ended its side (FIN); rejects when the connection broke instead. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay();
    socket.on('data', (chunk: Buffer) => this.inbox.push(chunk));
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.ended = new Promise((resolve, reject) => {
      socket.once('end', resolve);
      socket.once('close', () => reject(failure ?? new Error('the connection was closed by this side')));
    });
    // A test that does not await `ended` does not care how the connection ended.
    this.ended.catch(() => {});
    const finish = () => this.inbox.finish();
    socket.once('end', finish).once('close', finish);
    addCleanup(async () => {
      socket.destroy();
      await within(this.closed, 'the close of a connection');
    });
  }

  get received(): Buffer {
    return this.inbox.bytes;
  }

  /** Resolves when the kernel has taken the bytes. */
  send(bytes: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) =>
      this.socket.write(bytes, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Sends FIN; the client still receives. */
  end(): void {
    this.socket.end();
  }

  /** Sends RST. Not after `end()`: Node may then never close the socket. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  until(condition: Condition): Promise<void> {
    return this.inbox.until(condition);
  }

  /** Waits until everything that was received, from the first byte on, is exactly this. */
  receives(...parts: (string | Buffer)[]): Promise<void> {
    return this.inbox.exactly(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }
}

/** Connects; the server may not have accepted the connection yet. */
export async function connect({ port }: Pick<Server, 'port'>): Promise<Client> {
  const deadline = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const socket = dial({ port, host: '127.0.0.1' });
    try {
      await within(once(socket, 'connect'), 'a connection');
      return new Client(socket);
    } catch (error) {
      socket.destroy();
      // Only on Linux does `startServer` know that the server listens.
      const early = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' && process.platform !== 'linux';
      if (!early || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
    }
  }
}

/** Connects as client `id`, and waits until the witness, a client that is already there, was notified of it. */
export async function connectAs(server: Pick<Server, 'port'>, id = 0, witness?: Client): Promise<Client> {
  const client = await connect(server);
  await witness?.until(arrivedNotice(id));
  return client;
}

/** Clients 0, 1 and 2. Each has been notified of those that came after it. */
export async function connectThree(server: Server): Promise<[Client, Client, Client]> {
  const first = await connectAs(server);
  const second = await connectAs(server, 1, first);
  const third = await connectAs(server, 2, first);
  await second.until(arrivedNotice(2));
  return [first, second, third];
}
