// Four clients that send as fast as they can, and one that counts the bytes that it receives.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Contestant } from './contestant.js';

export const LINE = `${'x'.repeat(63)}\n`;
const LINES_PER_CHUNK = 1000;
const CHUNK = Buffer.from(LINE.repeat(LINES_PER_CHUNK));
/** Senders over all relays, so that each row has the same load. */
const SENDERS = 4;
/** Time for the clients to join, and for their notices to arrive. */
const JOIN_MS = 1000;
const RETRY_MS = 20;
const WARMUP_MS = 500;
/** Lines that arrive later count as lost. */
const TIMEOUT_MS = 20_000;

/** A connection that counts what it receives, into one buffer: the clients share the processors with the relays. */
class Client {
  bytes = 0;
  readonly socket: Socket;
  #expected = Number.POSITIVE_INFINITY;
  #onReceived: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(256 * 1024),
        callback: (length) => {
          this.bytes += length;
          if (this.bytes >= this.#expected) this.#onReceived();
          return true;
        },
      },
    });
    this.socket.on('error', () => {});
  }

  /** Resolves when the client has received this many bytes. */
  async received(bytes: number): Promise<void> {
    const received = new Promise<void>((resolve) => {
      this.#expected = bytes;
      this.#onReceived = resolve;
    });
    if (this.bytes < bytes) await received;
    this.#expected = Number.POSITIVE_INFINITY;
  }
}

/** Retries until a relay listens. A connection that only tests this would be a client, whose notices would be counted. */
async function open(port: number): Promise<Client> {
  for (;;) {
    const client = new Client(port);
    try {
      await once(client.socket, 'connect');
      return client;
    } catch {
      await delay(RETRY_MS);
    }
  }
}

/**
 * Connects the clients: the senders to all ports in turn, and the reader to the last one, so that what it receives has
 * passed through the engine.
 *
 * @param prefixBytes what the relay puts before each line
 */
export async function connectClients(
  name: string,
  ports: readonly number[],
  prefixBytes: number,
  stop: () => Promise<void>,
): Promise<Contestant> {
  const reader = await open(ports.at(-1) as number);
  const senders = await Promise.all(
    Array.from({ length: SENDERS }, (_, i) => open(ports[i % ports.length] as number)),
  );
  await delay(JOIN_MS);
  const receivedLine = LINE.length + prefixBytes;
  const [first] = senders as [Client, ...Client[]];
  return {
    name,
    async linesPerSecond(seconds) {
      const before = reader.bytes;
      let isStopped = false;
      let sent = 0;
      const send = async ({ socket }: Client): Promise<void> => {
        while (!isStopped) {
          sent += LINES_PER_CHUNK;
          if (!socket.write(CHUNK)) await once(socket, 'drain');
        }
      };
      const sending = Promise.all(senders.map(send));
      await delay(WARMUP_MS);
      const [start, from] = [performance.now(), reader.bytes];
      await delay(seconds * 1000);
      const rate = ((reader.bytes - from) / receivedLine / (performance.now() - start)) * 1000;
      isStopped = true;
      await sending;
      const expected = before + sent * receivedLine;
      await Promise.race([reader.received(expected), delay(TIMEOUT_MS, undefined, { ref: false })]);
      if (reader.bytes !== expected)
        throw new Error(`${name}: expected ${expected} bytes, got ${reader.bytes}`);
      return rate;
    },
    async latencyMs() {
      const start = performance.now();
      first.socket.write('0\n');
      await reader.received(reader.bytes + prefixBytes + 2);
      return performance.now() - start;
    },
    async stop() {
      for (const { socket } of [reader, ...senders]) socket.destroy();
      await stop();
    },
  };
}
