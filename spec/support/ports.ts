import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { findHolder, findListener, HAS_PROC, isListening as isTaken } from '../../lib/conformance/proc.js';
import { addCleanup } from './cleanup.js';

export { freePort, holdPort, listenErrorCode } from '../../lib/conformance/ports.js';

/** Listens on a free port of this process until the test ends. */
export async function takePort(host = '127.0.0.1'): Promise<{ server: Server; port: number; fd: number }> {
  const server = createServer().listen(0, host);
  addCleanup(() => void server.close());
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, fd: descriptorOf(server) };
}

/** The descriptor of a server or of a connection, to pass it to another process. */
export function descriptorOf(owner: object): number {
  return (owner as { _handle: { fd: number } })._handle.fd;
}

/**
 * Whether a process listens on the port; undefined where the kernel has no table of sockets, which only Linux has. A
 * connection to find out would be a client, and use up an id.
 *
 * @param pid the process that should listen, itself or through a child. Without it, another process that looks for a
 * free port at the same moment is taken for the listener.
 */
export function isListening(port: number, pid?: number): boolean | undefined {
  if (!HAS_PROC || pid === undefined) return isTaken(port);
  if (isTaken(port) !== true) return false;
  if (findListener(port, pid) !== undefined) return true;
  for (let holder = findHolder(port) ?? 0; holder > 0; holder = parentOf(holder)) {
    if (holder === pid) return true;
  }
  return false;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program is in parentheses and may contain anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
