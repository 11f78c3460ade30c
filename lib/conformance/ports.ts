import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { within } from './waiting.js';

/** Listens and disconnects every client: a client that stays connected would keep the server from closing. */
function listen(port: number): Server {
  return createServer((socket) => socket.on('error', () => {}).destroy()).listen(port, '127.0.0.1');
}

/** Returns a port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, close } = await holdPort();
  await close();
  return port;
}

/** Occupies a free port until `close` is called. */
export async function holdPort(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Returns why this process cannot listen on the port, such as EADDRINUSE, or undefined if it can. */
export async function listenErrorCode(port: number): Promise<string | undefined> {
  const server = listen(port);
  try {
    await once(server, 'listening');
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Tries to connect; returns `connected`, the code of the error, or `timeout`. */
export async function connectionOutcome(port: number, host: string, timeoutMs: number): Promise<string> {
  const socket = connect({ port, host });
  const outcome = once(socket, 'connect').then(
    () => 'connected',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  try {
    return (await within(outcome, timeoutMs)) ?? 'timeout';
  } finally {
    socket.on('error', () => {}).destroy();
  }
}
