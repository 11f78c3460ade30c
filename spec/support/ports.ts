import { readFile } from 'node:fs/promises';

export { freePort, refusal } from '../../lib/conformance/ports.js';

/**
 * Whether anyone listens on the port, asked of the kernel: a connection to find out would be a client and
 * use up an id. Undefined where the kernel has no such table (anywhere but on Linux).
 */
export async function listening(port: number): Promise<boolean | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'latin1').catch(() => undefined)),
  );
  if (tables[0] === undefined) return undefined;
  const LISTEN = '0A';
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tables
    .flatMap((table) => table?.split('\n') ?? [])
    .map((row) => row.trim().split(/\s+/))
    .some(([, local, , state]) => state === LISTEN && local?.endsWith(suffix));
}
