import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Client } from './client.js';
import { within } from './waiting.js';
import { relayed } from './wire.js';

export const MIB = 1024 * 1024;
const LINE = 'x'.repeat(99);
const CHUNK_LINES = 640;
const CHUNK = `${LINE}\n`.repeat(CHUNK_LINES);

/** The environment of a server without V8's counters for coverage, which take memory and time. */
export const WITHOUT_COVERAGE = { NODE_V8_COVERAGE: '' };

/** Sends at least so many bytes as fast as the server takes them. */
export async function flood({ socket }: Client, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    if (!socket.write(CHUNK)) await within(once(socket, 'drain'), 'the sender to resume');
  }
}

/** Returns what others receive of a flood from client `id`. */
export function receivedFlood(id: number, bytes: number): string {
  const chunks = Math.ceil(bytes / CHUNK.length);
  return relayed(id, LINE).repeat(chunks * CHUNK_LINES);
}

/** Returns the hash that a stalled reader reports after several floods, followed by these lines. */
export function hashOfFloods(id: number, floods: number, bytes: number, ...last: string[]): string {
  const hash = createHash('sha256');
  const chunk = receivedFlood(id, CHUNK.length);
  const chunks = floods * Math.ceil(bytes / CHUNK.length);
  for (let i = 0; i < chunks; i++) hash.update(chunk);
  return hash.update(relayed(id, ...last)).digest('hex');
}
