import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from './clock.js';
import { Failure, Skip } from './failure.js';
import { Inbox } from './inbox.js';

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
/** While the queue of a server is full, the kernel tries again only after 1, 3 and 7 seconds. */
const CONNECT_TIMEOUTS = 3;

/**
 * Connects to the server.
 *
 * @param canRetry whether a refused connection may mean that the server does not listen yet
 * @throws {Failure} if the server does not accept the connection
 * @throws {Skip} if this process has no file descriptor left
 */
export async function openConnection(
  port: number,
  clock: Clock,
  canRetry: () => boolean,
): Promise<Connection> {
  const timeoutMs = CONNECT_TIMEOUTS * clock.timeoutMs;
  for (;;) {
    const { socket, connection } = startConnecting(port, clock);
    const outcome = await clock.within(outcomeOf(socket), timeoutMs);
    if (outcome === 'connected') {
      socket.setNoDelay();
      return connection;
    }
    socket.on('error', () => {}).destroy();
    if (outcome === 'ECONNREFUSED' && canRetry() && !clock.isOver) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
      continue;
    }
    if (outcome === 'EMFILE') {
      throw new Skip(
        'the limit of file descriptors is too low for the clients of the kit; raise it with ulimit -n',
      );
    }
    throw new Failure({
      what: `a client cannot connect: ${outcome ?? `no answer within ${timeoutMs} ms`}`,
      isClosed: true,
    });
  }
}

/** Tries to connect; returns `connected`, the code of the error, or `timeout`. */
export async function connectionOutcome(
  port: number,
  host: string,
  clock: Clock,
  timeoutMs: number,
): Promise<string> {
  const socket = connect({ port, host });
  try {
    return (await clock.within(outcomeOf(socket), timeoutMs)) ?? 'timeout';
  } finally {
    socket.on('error', () => {}).destroy();
  }
}

function outcomeOf(socket: Socket): Promise<string> {
  return once(socket, 'connect').then(
    () => 'connected',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

/** The socket has no read buffer of its own: while it is paused, everything stays in the kernel. */
function startConnecting(port: number, clock: Clock): { socket: Socket; connection: Connection } {
  let inbox: Inbox | undefined;
  const callback = (length: number, chunk: Uint8Array): boolean => {
    inbox?.push(Buffer.from(chunk.subarray(0, length)));
    return true;
  };
  const onread = { buffer: () => Buffer.allocUnsafe(READ_BYTES), callback };
  const socket = connect({ port, host: '127.0.0.1', onread });
  inbox = new Inbox(socket, clock);
  return { socket, connection: { input: socket, output: socket, inbox } };
}
