import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { flood, hashOfFloods, MIB, WITHOUT_COVERAGE } from '../support/flood.js';
import { spilled } from '../support/proc.js';
import { startStalledReaders } from '../support/stalled-readers.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { relayed } from '../support/wire.js';
import { requireDiskGivenBack } from './backlog.js';

/** Longer than a reader may make no progress before flow control ignores it. */
const STALL_MS = 2500;

// spec/fanout/backlog.spec.ts measures the cost of stalled readers.
describeWith('proc', 'faults: suspended and killed processes', () => {
  it('gives back disk and descriptors when three readers are killed with 32 MiB owed to each', async () => {
    await requireDiskGivenBack(32 * MIB);
  });

  it('delivers every byte to readers that are suspended twice', async () => {
    const server = await startServer({ env: WITHOUT_COVERAGE, args: ['--memory', '8M'] });
    const readers = await startStalledReaders(server, 2);
    const sender = await connectAs(server);
    await sender.send('begin\n');
    await flood(sender, 24 * MIB);
    await eventually('the backlog on disk', () => spilled(server) > 12 * MIB);
    await new Promise((resolve) => setTimeout(resolve, STALL_MS));
    readers.resume();
    await eventually('the readers to catch up', () => spilled(server) === 0);
    readers.suspend();
    await flood(sender, 24 * MIB);
    await sender.send('end\n');
    const { hashes } = await readers.readBacklog();
    const expected = hashOfFloods(2, 2, 24 * MIB, 'end');
    expect(hashes).to.deep.equal([expected, expected]);
  });

  it('loses nothing that is sent while the relay itself is suspended', async () => {
    const server = await startServer({ env: WITHOUT_COVERAGE });
    const sender = await connectAs(server);
    const receiver = await connectAs(server, 1, sender);
    server.kill('SIGSTOP');
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
    const sent = sender.send(lines.map((line) => `${line}\n`).join(''));
    await connectAs(server);
    server.kill('SIGCONT');
    await sent;
    await sender.until('client 2 just arrived');
    await sender.send('end\n');
    await receiver.until(relayed(0, 'end'));
    expect(receiver.inbox.text.replace(/^server: .*\n/gm, '')).to.equal(relayed(0, ...lines, 'end'));
  });
});
