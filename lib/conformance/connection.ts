import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { Failure, Skip } from './failure.js';
import { Inbox } from './inbox.js';
import { type TimeLimits, within } from './waiting.js';

/** A client's connection: its two streams, and what it has received. */
export interface Connection {
  readonly input: Readable;
  readonly output: Writable;
  readonly inbox: Inbox;
}

/** Size of a read from a socket, in bytes. */
const READ_BYTES = 64 * 1024;
/** Interval between attempts to connect to a server that does not listen yet, in milliseconds. */
const RETRY_INTERVAL_MS = 10;

/**
 * Connects to the server.
 *
 * @param canRetry whether a refused connection may mean that the server does not listen yet
 * @throws {Failure} if the server does not accept the connection
 * @throws {Skip} if this process has no file descriptor left
 */
export async function openConnection(
  port: number,
  limits: TimeLimits,
  canRetry: () => boolean,
): Promise<Connection> {
  for (;;) {
    const { socket, connection } = startConnecting(port, limits);
    const connected = once(socket, 'connect').then(
      () => 'connected',
      (error: NodeJS.ErrnoException) => error.code,
    );
    const outcome = await within(connected, limits.timeoutMs);
    if (outcome === 'connected') {
      socket.setNoDelay();
      return connection;
    }
    socket.on('error', () => {}).destroy();
    if (outcome === 'ECONNREFUSED' && canRetry() && performance.now() < limits.deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
      continue;
    }
    if (outcome === 'EMFILE') {
      throw new Skip(
        'the limit of file descriptors is too low for the clients of the kit; raise it with ulimit -n',
      );
    }
    throw new Failure({
      what: `a client cannot connect: ${outcome ?? `no answer within ${limits.timeoutMs} ms`}`,
      isClosed: true,
    });
  }
}

/** The socket has no read buffer of its own: while it is paused, everything stays in the kernel. */
function startConnecting(port: number, limits: TimeLimits): { socket: Socket; connection: Connection } {
  let inbox: Inbox | undefined;
  const callback = (length: number, chunk: Uint8Array): boolean => {
    inbox?.push(Buffer.from(chunk.subarray(0, length)));
    return true;
  };
  const onread = { buffer: () => Buffer.allocUnsafe(READ_BYTES), callback };
  const socket = connect({ port, host: '127.0.0.1', onread });
  inbox = new Inbox(socket, limits);
  return { socket, connection: { input: socket, output: socket, inbox } };
}
