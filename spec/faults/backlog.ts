import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { flood, MIB, WITHOUT_COVERAGE } from '../support/flood.js';
import { openDescriptors, resident, spilled } from '../support/proc.js';
import { startStalledReaders } from '../support/stalled-readers.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

/** Kills three stalled readers with a backlog; requires that disk and descriptors are given back. */
export async function requireDiskGivenBack(backlogBytes: number): Promise<void> {
  const server = await startServer({ env: WITHOUT_COVERAGE, args: ['--memory', '8M'] });
  const sender = await connectAs(server);
  // A client can be connected before the relay has accepted it.
  await server.stdout.until(arrivedNotice(0));
  const descriptors = openDescriptors(server.process.pid);
  const readers = await startStalledReaders(server, 3);
  await flood(sender, backlogBytes);
  await eventually('the backlog on disk', () => spilled(server) > backlogBytes / 2);
  await readers.kill();
  for (const id of [1, 2, 3]) await sender.until(leftNotice(id));
  await eventually('the disk to be given back', () => spilled(server) === 0);
  // The relay may have been reading the spill directory when they were counted first.
  await eventually('the descriptors to be closed', () => {
    return openDescriptors(server.process.pid) <= descriptors;
  });
  const late = await connectAs(server, 4, sender);
  await sender.send('still here\n');
  await late.until(relayed(0, 'still here'));
  expect(resident(server)).to.be.below(200 * MIB);
  expect(server.stderr.text).to.equal('');
}
