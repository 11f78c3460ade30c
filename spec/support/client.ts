import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { afterwards } from './cleanup.js';
import type { Server } from './command.js';
import { type Condition, Inbox } from './inbox.js';
import { WAIT_LIMIT_MS, within } from './waiting.js';
import { arrived } from './wire.js';

/** One client of the server under test. */
export class Client {
  readonly socket: Socket;
  readonly inbox = new Inbox();
  /** The server ended its side in good order (FIN); rejects when the connection broke instead. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay();
    socket.on('data', (chunk: Buffer) => this.inbox.push(chunk));
    let broken: Error | undefined;
    // A broken connection is told by `ended`, to whoever asks.
    socket.on('error', (error) => {
      broken = error;
    });
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    this.ended = new Promise((resolve, reject) => {
      socket.once('end', resolve);
      socket.once('close', () => reject(broken ?? new Error('the connection was closed on this side')));
    });
    this.ended.catch(() => {});
    const over = () => this.inbox.finish();
    socket.once('end', over).once('close', over);
    afterwards(async () => {
      socket.destroy();
      await within(this.closed, 'the closing of a connection');
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

  /** FIN: no more to say, still listening. */
  end(): void {
    this.socket.end();
  }

  /** RST; not for a connection that was ended before, which node may then never close. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  until(condition: Condition, ms?: number): Promise<void> {
    return this.inbox.until(condition, ms);
  }

  /** Requires what was heard, from the first byte to the last, to be exactly this. */
  hears(...parts: (string | Buffer)[]): Promise<void> {
    return this.inbox.exactly(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }
}

/** Connects, and knows nothing yet of having been accepted. */
export async function connect({ port }: Pick<Server, 'port'>): Promise<Client> {
  const deadline = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const socket = dial({ port, host: '127.0.0.1' });
    try {
      await within(once(socket, 'connect'), 'a connection');
      return new Client(socket);
    } catch (error) {
      socket.destroy();
      // Only where nobody could tell whether the server listens yet: see `startServer`.
      const early = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' && process.platform !== 'linux';
      if (!early || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Connects as client `id`, and waits until a client already there has heard of it. */
export async function arrive(server: Server, id = 0, witness?: Client): Promise<Client> {
  const client = await connect(server);
  await witness?.until(arrived(id));
  return client;
}

/** Three clients, 0, 1 and 2, who have come one after the other, and who have heard of each other. */
export async function trio(server: Server): Promise<[Client, Client, Client]> {
  const first = await arrive(server);
  const second = await arrive(server, 1, first);
  const third = await arrive(server, 2, first);
  await second.until(arrived(2));
  return [first, second, third];
}
