import { once } from 'node:events';
import { expect } from 'chai';
import { arrive, type Client } from '../support/client.js';
import { startServer } from '../support/command.js';
import { openDescriptors, resident, spilled } from '../support/proc.js';
import { expectation, stoppedReaders } from '../support/stopped.js';
import { eventually, within } from '../support/waiting.js';
import { arrived, left, said } from '../support/wire.js';

const MIB = 1024 * 1024;
const LINE = `${'x'.repeat(99)}\n`;
const CHUNK_LINES = 640;
const CHUNK = LINE.repeat(CHUNK_LINES);

/** V8's counters for coverage take memory and time. */
export const WITHOUT_COVERAGE = { NODE_V8_COVERAGE: '' };

/** Sends at least so many bytes as fast as the server takes them. */
export async function flood({ socket }: Client, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    if (!socket.write(CHUNK)) await within(once(socket, 'drain'), 'the sender to continue');
  }
}

/** The hash of what a reader receives of such floods, followed by these lines. */
export function hashOfFloods(id: number, floods: number, bytes: number, ...last: string[]): string {
  const hash = expectation();
  const chunk = said(id, ...Array.from({ length: CHUNK_LINES }, () => LINE.trimEnd()));
  const chunks = floods * Math.ceil(bytes / CHUNK.length);
  for (let i = 0; i < chunks; i++) hash.update(chunk);
  return hash.update(said(id, ...last)).digest('hex');
}

/** Kills three stalled readers with a backlog; requires that disk and descriptors are given back. */
export async function requireDiskGivenBack(backlogBytes: number): Promise<void> {
  const server = await startServer({ env: WITHOUT_COVERAGE, args: ['--memory', '8M'] });
  const sender = await arrive(server);
  // A client can be connected before the relay has accepted it.
  await server.stdout.until(arrived(0));
  const descriptors = openDescriptors(server.process.pid);
  const readers = await stoppedReaders(server, 3);
  await flood(sender, backlogBytes);
  await eventually('the backlog on disk', () => spilled(server) > backlogBytes / 2);
  await readers.kill();
  for (const id of [1, 2, 3]) await sender.until(left(id));
  await eventually('the disk to be given back', () => spilled(server) === 0);
  await eventually('the descriptors to be closed', () => {
    return openDescriptors(server.process.pid) === descriptors;
  });
  const late = await arrive(server, 4, sender);
  await sender.send('still here\n');
  await late.until(said(0, 'still here'));
  expect(resident(server)).to.be.below(200 * MIB);
  expect(server.stderr.text).to.equal('');
}
