import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Systems assign ports above these to clients. One of them could otherwise take a port just before a server does. */
const FIRST_PORT = 20_000;
/** A process reserves as many ports at a time. */
const BLOCK_PORTS = 200;
const BLOCKS = 60;

/** Listens and disconnects every client: a client that stays connected would keep the server from closing. */
async function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).destroy()).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/**
 * Returns the ports of this process in turn. It occupies the first port of its block, so that other processes of the kit
 * use other blocks.
 */
let block: Promise<() => number> | undefined;

async function reserveBlock(): Promise<() => number> {
  const start = Math.floor(Math.random() * BLOCKS);
  const blockAt = (i: number): number => FIRST_PORT + ((start + i) % BLOCKS) * BLOCK_PORTS;
  let lock: Server | undefined;
  let i = 0;
  // If no block is left, the ports of another process are tried.
  for (; lock === undefined && i < BLOCKS; i++) lock = await listen(blockAt(i)).catch(() => undefined);
  lock?.unref();
  const first = blockAt(i - 1);
  // Old connections of an earlier process can occupy the first ports of the block for a minute.
  let last = Math.floor(Math.random() * BLOCK_PORTS);
  return () => {
    last = (last % (BLOCK_PORTS - 1)) + 1;
    return first + last;
  };
}

/** Occupies a free port until `close` is called. */
export async function holdPort(): Promise<{ port: number; close: () => Promise<void> }> {
  block ??= reserveBlock();
  const next = await block;
  for (let attempt = 1; ; attempt++) {
    const port = next();
    try {
      const server = await listen(port);
      return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
    } catch (error) {
      if (attempt === BLOCK_PORTS) throw error;
    }
  }
}

/** Returns a free port that no other process of the kit uses. */
export async function freePort(): Promise<number> {
  const { port, close } = await holdPort();
  await close();
  return port;
}

/** Returns why this process cannot listen on the port, such as EADDRINUSE, or undefined if it can. */
export async function listenErrorCode(port: number): Promise<string | undefined> {
  try {
    const server = await listen(port);
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
