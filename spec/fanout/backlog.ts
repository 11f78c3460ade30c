import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { shell, startServer } from '../support/command.js';
import { smallDisk } from '../support/disk.js';
import { flood, hashOfFloods, MIB, receivedFlood, WITHOUT_COVERAGE } from '../support/flood.js';
import { folder } from '../support/modules.js';
import { HAS_PROC, resident, spilled } from '../support/proc.js';
import { startStalledReaders } from '../support/stalled-readers.js';
import { describeWith, itWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

/** Looks at an unchanged size, 5 ms apart, after which a backlog counts as complete. */
const UNCHANGED_LOOKS = 20;
const MAX_GROWTH_BYTES = 180 * MIB;
const env = WITHOUT_COVERAGE;

export interface BacklogSizes {
  /** The value of --memory. */
  readonly memory: string;
  /** How much is sent to each kind of slow reader. */
  readonly floodMiB: number;
  /** How much is sent to one stalled reader, and to ten. */
  readonly stalledMiB: readonly [one: number, ten: number];
  /** A flood that fits into the default memory. */
  readonly inMemoryMiB: number;
  /** The limit of the engine's heap, and how much is sent beyond it. */
  readonly heapMiB: number;
  readonly beyondHeapMiB: number;
}

/** Specifies how the command treats slow readers, with floods of these sizes. */
export function describeBacklog(sizes: BacklogSizes): void {
  const { memory, floodMiB } = sizes;
  const floodBytes = floodMiB * MIB;
  const memoryArgs = ['--memory', memory];

  /** A server with stalled readers, which have yet to receive a flood. */
  async function backlog(count: number, megabytes: number, args = memoryArgs) {
    const server = await startServer({ env, args });
    // The memory of Node itself depends on its version.
    const initialMemory = HAS_PROC ? resident(server) : 0;
    const readers = await startStalledReaders(server, count);
    const sender = await connectAs(server, count);
    await sender.send('begin\n');
    await flood(sender, megabytes * MIB);
    await sender.send('end\n');
    const expected = hashOfFloods(count, 1, megabytes * MIB, 'end');
    return { server, readers, sender, initialMemory, expected };
  }

  describeWith('proc', 'stalled readers', () => {
    for (const [count, megabytes] of [
      [1, sizes.stalledMiB[0]],
      [10, sizes.stalledMiB[1]],
    ] as const) {
      it(`cost disk and not memory, and receive everything when they read again (${count} stalled)`, async () => {
        const { server, readers, expected, initialMemory } = await backlog(count, megabytes);
        await eventually('the backlog on disk', () => spilled(server) > (megabytes / 4) * MIB);
        const { hashes } = await readers.readBacklog();
        expect(hashes).to.deep.equal(Array.from({ length: count }, () => expected));
        expect(resident(server) - initialMemory).to.be.lessThan(MAX_GROWTH_BYTES);
        await eventually('the disk space to be freed', () => spilled(server) === 0);
        expect(server.stderr.text).to.equal('');
      });
    }

    it('cost no disk while their backlog fits into memory', async () => {
      const { server, readers, expected } = await backlog(1, sizes.inMemoryMiB, []);
      expect(spilled(server)).to.equal(0);
      const { hashes } = await readers.readBacklog();
      expect(hashes).to.deep.equal([expected]);
    });

    it('cost nothing after they were killed', async () => {
      const { server, readers, sender } = await backlog(1, floodMiB);
      await eventually('the backlog on disk', () => spilled(server) > floodBytes / 4);
      await readers.kill();
      await sender.until(leftNotice(0));
      await eventually('the disk space to be freed', () => spilled(server) === 0);
    });

    it('leave an empty directory if the relay is killed, which the next start removes', async () => {
      const dir = await folder({});
      const args = ['--spill-dir', dir];
      const { server } = await backlog(1, floodMiB, [...memoryArgs, ...args]);
      // A file that is being created has a name until it is unlinked.
      let size = 0;
      let unchanged = 0;
      await eventually('the backlog on disk', () => {
        unchanged = spilled(server) === size ? unchanged + 1 : 0;
        size = spilled(server);
        // A relay without processor time has an unchanged size as well, also while its file has a name.
        const [path = ''] = readdirSync(dir);
        const isUnlinked = readdirSync(join(dir, path)).length === 0;
        return size > floodBytes / 4 && unchanged >= UNCHANGED_LOOKS && isUnlinked;
      });
      const [own = ''] = readdirSync(dir);
      server.kill('SIGKILL');
      await server.exited;
      expect(readdirSync(dir)).to.deep.equal([own]);
      expect(readdirSync(join(dir, own))).to.deep.equal([]);
      writeFileSync(join(dir, own, 'segments'), 'a file that was not unlinked yet');
      const [alive, full, link] = [
        'mini-serv-1-alive',
        'mini-serv-999999999-full',
        'mini-serv-999999998-link',
      ];
      mkdirSync(join(dir, alive));
      mkdirSync(join(dir, full));
      writeFileSync(join(dir, full, 'file'), 'of another program');
      symlinkSync(await folder({}), join(dir, link));
      const next = await startServer({ args });
      await connectAs(next);
      const left = String([alive, link, full]);
      await eventually('the removal', () => String(readdirSync(dir).sort()) === left);
      expect(readdirSync(join(dir, full))).to.deep.equal(['file']);
    });

    it('receive everything although the heap is smaller than their backlog', async () => {
      const { heapMiB, beyondHeapMiB } = sizes;
      const server = await startServer({
        env: { ...env, NODE_OPTIONS: `--max-old-space-size=${heapMiB}` },
        args: memoryArgs,
      });
      const readers = await startStalledReaders(server, 2);
      const sender = await connectAs(server, 2);
      await sender.send('begin\n');
      await flood(sender, beyondHeapMiB * MIB);
      await sender.send('end\n');
      const { hashes } = await readers.readBacklog();
      const expected = hashOfFloods(2, 1, beyondHeapMiB * MIB, 'end');
      expect(hashes).to.deep.equal([expected, expected]);
    });
  });

  describe('a file system of 16 MiB for the backlog', () => {
    itWith(
      'tmpfs',
      'makes senders wait when it is full, and nothing is lost when the reader resumes',
      async () => {
        const dir = (await smallDisk('16m')) as string;
        const server = await startServer({ env, args: ['--memory', '4M', '--spill-dir', dir] });
        const readers = await startStalledReaders(server, 1);
        const sender = await connectAs(server, 1);
        const listener = await connectAs(server, 2, sender);
        await sender.send('begin\n');
        const flooded = flood(sender, floodBytes);
        await eventually('the disk to be full', () => server.stderr.text.includes('senders wait'));
        expect(listener.inbox.length).to.be.lessThan(floodBytes);
        const resumed = readers.readBacklog();
        await flooded;
        await sender.send('end\n');
        const { hashes } = await resumed;
        await listener.until(relayed(1, 'end'));
        expect(hashes).to.deep.equal([hashOfFloods(1, 1, floodBytes, 'end')]);
        await listener.receives(relayed(1, 'begin'), receivedFlood(1, floodBytes), relayed(1, 'end'));
        // After the warning about the tmpfs, a full disk and its end are reported alternately.
        const reports = (): string =>
          server.stderr.text
            .split('\n')
            .flatMap((line) => /tmpfs|senders wait|again/.exec(line)?.[0] ?? [])
            .join();
        await eventually('the end of the wait to be reported', () =>
          /^tmpfs(,senders wait,again)+$/.test(reports()),
        );
      },
    );
  });

  describe('flow control over TCP', () => {
    itWith('proc', 'uses no disk if the only reader of a fast sender is slow but active', async () => {
      // The transcript is a reader as well. Through a pipe to this busy process it would be slow.
      const server = await startServer({ env, args: memoryArgs, command: shell('exec "$@" >/dev/null') });
      const listener = await connectAs(server);
      const sender = await connectAs(server, 1, listener);
      // Reads in small steps, and discards what it reads.
      listener.socket.removeAllListeners('data');
      let receivedBytes = 0;
      let maxSpilled = 0;
      listener.socket.on('data', (chunk: Buffer) => {
        receivedBytes += chunk.length;
        maxSpilled = Math.max(maxSpilled, spilled(server));
        listener.socket.pause();
        setImmediate(() => listener.socket.resume());
      });
      await flood(sender, floodBytes);
      await eventually('the flood to be received', () => receivedBytes > floodBytes);
      expect(maxSpilled).to.equal(0);
      expect(resident(server)).to.be.lessThan(200 * MIB);
    });

    it('lets a fast sender continue if its only reader is stalled', async () => {
      const { server } = await backlog(1, floodMiB);
      expect(server.stderr.text).to.equal('');
    });

    it('does not deadlock when two clients write before they read', async () => {
      const server = await startServer({ env, args: memoryArgs });
      const one = await connectAs(server);
      const other = await connectAs(server, 1, one);
      for (const client of [one, other]) client.pause();
      await Promise.all([flood(one, floodBytes), flood(other, floodBytes)]);
      await Promise.all([one.send('end\n'), other.send('end\n')]);
      for (const client of [one, other]) client.resume();
      await Promise.all([one.until(relayed(1, 'end')), other.until(relayed(0, 'end'))]);
      await one.receives(arrivedNotice(1), receivedFlood(1, floodBytes), relayed(1, 'end'));
      await other.receives(receivedFlood(0, floodBytes), relayed(0, 'end'));
    });

    it('delivers a flood to a client that ended its side before it read', async () => {
      const server = await startServer({ env, args: memoryArgs });
      const sender = await connectAs(server);
      const leaver = await connectAs(server, 1, sender);
      leaver.pause();
      await flood(sender, floodBytes);
      await sender.send('end\n');
      // The leaver receives only what is in the log before it leaves, so all lines must be there by then.
      const witness = await connectAs(server, 2, sender);
      await sender.send('after\n');
      await witness.until(relayed(0, 'after'));
      leaver.end();
      await sender.until(leftNotice(1));
      leaver.resume();
      await within(leaver.ended, 'the end of the connection');
      // The witness may arrive before the relay has read all of the flood.
      const received = leaver.received.toString('latin1').replace(arrivedNotice(2), '');
      expect(received === receivedFlood(0, floodBytes) + relayed(0, 'end', 'after')).to.equal(true);
    });
  });
}
