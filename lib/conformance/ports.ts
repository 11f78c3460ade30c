import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { within } from './patience.js';

/** Takes a port, and nobody in: whoever connected and stayed would keep it from being given back. */
function hold(port: number): Server {
  return createServer((socket) => socket.on('error', () => {}).destroy()).listen(port, '127.0.0.1');
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, close } = await holdPort();
  await close();
  return port;
}

/** A port that is taken, until it is closed. */
export async function holdPort(): Promise<{ port: number; close: () => Promise<void> }> {
  const holder = hold(0);
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => holder.close(() => resolve())) };
}

/** The reason why this process may not listen there, or undefined if it may. */
export async function refusal(port: number): Promise<string | undefined> {
  const probe = hold(port);
  try {
    await once(probe, 'listening');
    await new Promise((resolve) => probe.close(resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** What a connection meets: `connected`, the code of its error, or `silence`. */
export async function attempt(port: number, host: string, ms: number): Promise<string> {
  const socket = connect({ port, host });
  const outcome = once(socket, 'connect').then(
    () => 'connected',
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
  try {
    return (await within(outcome, ms)) ?? 'silence';
  } finally {
    socket.on('error', () => {}).destroy();
  }
}
