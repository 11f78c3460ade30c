import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { addCleanup } from './cleanup.js';
import { within } from './waiting.js';

/** A port whose connections are forwarded to another port. */
export interface Proxy {
  readonly port: number;
  /** Stops forwarding in both directions. The connections stay open, so neither end notices. */
  hold(): void;
  release(): void;
  /** Stops forwarding, as `hold` does, after this many more bytes from the port. Resolves then. */
  holdAfter(bytes: number): Promise<void>;
  /** Closes all connections. */
  cut(): void;
}

/** Forwards connections to `port` through this process. */
export async function startProxy(port: number): Promise<Proxy> {
  let isHeld = false;
  let forwarded = 0;
  let onForward = (): void => {};
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1' });
    const pair = [near, far] as const;
    pairs.add(pair);
    near.on('data', (chunk: Buffer) => far.write(chunk));
    far.on('data', (chunk: Buffer) => {
      near.write(chunk);
      forwarded += chunk.length;
      onForward();
    });
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.once('close', () => {
        pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
      if (isHeld) socket.pause();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const [near] of pairs) near.destroy();
  };
  addCleanup(async () => {
    const closed = once(server, 'close');
    server.close();
    cut();
    await within(closed, 'the end of a proxy');
  });
  const forEachSocket = (action: (socket: Socket) => void): void => {
    for (const socket of [...pairs].flat()) action(socket);
  };
  const hold = (): void => {
    isHeld = true;
    forEachSocket((socket) => socket.pause());
  };
  return {
    port: (server.address() as { port: number }).port,
    hold,
    holdAfter(bytes) {
      const limit = forwarded + bytes;
      return new Promise((resolve) => {
        onForward = () => {
          if (forwarded < limit) return;
          onForward = () => {};
          hold();
          resolve();
        };
      });
    },
    release() {
      isHeld = false;
      forEachSocket((socket) => socket.resume());
    },
    cut,
  };
}
