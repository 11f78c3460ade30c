import { setTimeout } from 'node:timers/promises';
import { listenErrorCode } from './ports.js';
import { HAS_PROC } from './proc.js';
import { Server } from './server.js';

/** Time for a command to listen or to end, in milliseconds. A command that does neither is tested like any other. */
const PROBE_MS = 3000;
const POLL_MS = 20;

/**
 * Returns the last argument of a command if it is a port on which the command listens by itself. The kit adds a port of
 * its own, so that a port that the user has given too would make every case fail.
 */
export async function findPortArgument(command: readonly string[]): Promise<string | undefined> {
  const last = command.length > 1 ? (command.at(-1) as string) : '';
  const port = /^\d{1,5}$/.test(last) ? Number(last) : 0;
  if (port < 1 || port > 65535) return undefined;
  const wasOccupied = await isOccupied(port);
  const server = new Server(command, port);
  try {
    for (const start = performance.now(); performance.now() - start < PROBE_MS; await setTimeout(POLL_MS)) {
      if (server.exit !== undefined) return (await hasRefusedPort(server)) ? last : undefined;
      const listens = HAS_PROC ? server.pid !== undefined : !wasOccupied && (await isOccupied(port));
      if (listens) return last;
    }
    return undefined;
  } finally {
    await server.stop();
  }
}

async function isOccupied(port: number): Promise<boolean> {
  return (await listenErrorCode(port)) === 'EADDRINUSE';
}

/** With a port as its only argument, a server ends so if the port is in use. */
async function hasRefusedPort(server: Server): Promise<boolean> {
  await server.stderr.closed;
  return server.stderr.bytes.toString() === 'Fatal error\n';
}
