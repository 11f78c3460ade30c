import { readFile } from 'node:fs/promises';

export { freePort, listenErrorCode } from '../../lib/conformance/ports.js';

/** The state LISTEN in the kernel's tables of TCP sockets. */
const LISTEN = '0A';

/**
 * Whether a process listens on the port; undefined where the kernel has no such table, which only Linux has. To
 * connect would not do: the connection would be a client, and take an id.
 */
export async function isListening(port: number): Promise<boolean | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'latin1').catch(() => undefined)),
  );
  if (tables[0] === undefined) return undefined;
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tables
    .flatMap((table) => table?.split('\n') ?? [])
    .map((row) => row.trim().split(/\s+/))
    .some(([, local, , state]) => state === LISTEN && local?.endsWith(suffix));
}
