import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

/** The reason why this process may not listen there, or undefined if it may. */
export async function refusal(port: number): Promise<string | undefined> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
    await new Promise((resolve) => probe.close(resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

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
