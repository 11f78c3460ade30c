// The backlog of outputs that stall, with the real command and its five seconds; transcript.spec.ts has it simulated.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { account } from '../support/audit.js';
import { connectAs } from '../support/client.js';
import { startClientProcess } from '../support/client-process.js';
import { shell, startServer } from '../support/command.js';
import { smallDisk } from '../support/disk.js';
import { folder } from '../support/modules.js';

import { describeWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';
import { arrivedNotice, joinLines, numberedLines, relayed } from '../support/wire.js';
import { CommandScene } from './command-scene.js';

const MIB = 2 ** 20;

describe('mini-serv with a stalled standard output', () => {
  for (const format of ['wire', 'json'] as const) {
    it(`leaves messages out when the spill limit is reached, and records the gap (${format})`, async () => {
      const args = ['--format', format, '--memory', '1M', '--spill-limit', '4M'];
      const server = await startServer({ args });
      server.process.stdout?.pause();
      const scene = await CommandScene.begin(server);
      await scene.sendBulk(40);
      await server.stderr.until('leaving messages out');
      server.process.stdout?.resume();
      await server.stdout.until(format === 'json' ? '"gap"' : 'missing here');
      await scene.send('the last line');
      await server.stdout.until('the last line');
      await server.stdout.until((bytes) => bytes.at(-1) === 0x0a);
      const { end, missing } = account(format, [server.stdout.bytes], Buffer.from(scene.wire));
      expect(end).to.equal(scene.wire.length);
      expect(missing).to.be.above(1_000_000);
    });
  }

  it('leaves nothing out if it was a client that reached the spill limit', async () => {
    const server = await startServer({ args: ['--memory', '1M', '--spill-limit', '32M'] });
    const stopped = startClientProcess(server);
    await server.stdout.until(arrivedNotice(0));
    const sender = await connectAs(server);
    const receiver = await connectAs(server, 2, sender);
    stopped.suspend();
    server.process.stdout?.pause();
    const lines = numberedLines(60);
    const sent = sender.send(joinLines(lines));
    await server.stderr.until('senders wait');
    // Longer than a stalled output is waited for.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    const { length } = server.stdout;
    server.process.stdout?.resume();
    // Otherwise the client could catch up before the output takes anything, and would not be the slowest reader then.
    await server.stdout.until((bytes) => bytes.length > length + MIB);
    stopped.resume();
    await within(sent, 'the sender to be done');
    await receiver.until(lines.at(-1) as string);
    await server.stdout.until(`${lines.at(-1)}\n`);
    expect(server.stdout.text.includes(relayed(1, ...lines))).to.equal(true);
    expect(server.stdout.text).not.to.contain('missing');
  });

  it('continues with a FIFO that no process reads, and ends after SIGTERM', async () => {
    const DIR = await folder({});
    const command = shell('mkfifo "$DIR/pipe" && exec "$@" 1<> "$DIR/pipe"');
    const scene = await CommandScene.begin(
      await startServer({ args: ['--memory', '1M'], command, env: { DIR } }),
    );
    await scene.sendBulk(8);
    expect(await scene.end()).to.have.length(1);
  });
});

describeWith('tmpfs', 'mini-serv --audit on a full disk', () => {
  for (const format of ['wire', 'json'] as const) {
    it(`leaves messages out when the spill limit is reached, and records the gap (${format})`, async () => {
      const disk = (await smallDisk('32m')) as string;
      const path = join(disk, 'audit');
      const ballast = join(disk, 'ballast');
      const args = ['--audit', path, '--audit-format', format, '--memory', '1M', '--spill-limit', '4M'];
      const scene = await CommandScene.begin(await startServer({ args }));
      await writeFile(ballast, Buffer.alloc(32_000_000));
      await scene.sendBulk(30);
      await scene.server.stderr.until('leaving messages out');
      await rm(ballast);
      await scene.server.stderr.until('writing again');
      await scene.send('the last line');
      await eventually('the last line', async () => /the last line.*\n/.test(await readFile(path, 'latin1')));
      await scene.end();
      const { end, missing } = account(format, [await readFile(path)], Buffer.from(scene.wire));
      expect(end).to.equal(scene.wire.length);
      expect(missing).to.be.above(1_000_000);
    });
  }
});
