// An audit on a disk that is full, in a FIFO, … : the room goes on, and what is missing is recorded.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { recordsOf, toWire } from '../support/audit.js';
import { afterwards } from '../support/cleanup.js';
import { arrive, type Client } from '../support/client.js';
import { type Server, shell, startServer } from '../support/command.js';
import { canMount, smallDisk } from '../support/disk.js';
import { Inbox } from '../support/inbox.js';
import { folder } from '../support/modules.js';
import { eventually, within } from '../support/waiting.js';
import { arrived, bulk, packet, said } from '../support/wire.js';

const QUIET_END = { code: 0, signal: null };
const GRACE = 2500 + 1500;
const FULL = /cannot be written, which is tried again: ENOSPC/g;

const verify = async (bytes: Buffer) => {
  const told: string[] = [];
  return { ...(await verifyAudit(Readable.from([bytes]), (line) => told.push(line))), told };
};

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** Two clients, and all that has been said so far. */
class Scene {
  readonly server: Server;
  readonly speaker: Client;
  readonly listener: Client;
  wire = arrived(0) + arrived(1);

  constructor(server: Server, speaker: Client, listener: Client) {
    this.server = server;
    this.speaker = speaker;
    this.listener = listener;
  }

  static async begin(server: Server): Promise<Scene> {
    const speaker = await arrive(server);
    return new Scene(server, speaker, await arrive(server, 1, speaker));
  }

  /** Says this, and requires the other to hear it: the room goes on. */
  async say(...lines: string[]): Promise<void> {
    const before = this.listener.received.length;
    const expected = said(0, ...lines);
    this.wire += expected;
    await this.speaker.send(packet(lines));
    await this.listener.until((bytes) => bytes.length >= before + expected.length);
    expect(this.listener.received.subarray(before).equals(Buffer.from(expected))).to.equal(true);
  }

  async ends(): Promise<void> {
    this.server.kill('SIGTERM');
    expect(await within(this.server.exited, 'the end of the server', GRACE)).to.deep.equal(QUIET_END);
  }
}

/** A server with an audit on a disk of 1 MiB, or of another size. */
async function onSmallDisk(format: string, args: string[] = [], size = '1m') {
  const disk = (await smallDisk(size)) as string;
  const path = join(disk, 'audit');
  const options = ['--audit', path, '--audit-format', format, '--memory', '1M', ...args];
  const server = await startServer({ args: options });
  return { disk, path, scene: await Scene.begin(server), bytes: () => readFile(path) };
}

/** What is there of what was said, and how much is recorded as missing. */
function account(format: string, bytes: Buffer): { wire: string; missing: number; gaps: number } {
  if (format === 'json') {
    const records = recordsOf(bytes);
    const gaps = records.filter(({ event }) => event === 'gap');
    return {
      wire: toWire(records).toString(),
      missing: gaps.reduce((sum, gap) => sum + (gap.bytes ?? 0), 0),
      gaps: gaps.length,
    };
  }
  const text = format === 'text' ? bytes.toString().replace(/^\S{24} /gm, '') : bytes.toString();
  const notes = [...text.matchAll(/^server: (\d+) bytes are missing here, said from (\S+) to (\S+)\n/gm)];
  for (const [, , from = '', to = ''] of notes) expect(Date.parse(to)).to.be.at.least(Date.parse(from));
  return {
    wire: text.replace(/^server: \d+ bytes are missing here.*\n/gm, ''),
    missing: notes.reduce((sum, [, missing]) => sum + Number(missing), 0),
    gaps: notes.length,
  };
}

describe('command: an audit on a full disk', () => {
  before('needs a disk that is full soon', function () {
    if (!canMount()) this.skip();
  });

  // Text is wire with the time before it, and goes the same way.
  for (const format of ['wire', 'json']) {
    it(`goes on when there is room again, and nothing is missing (${format})`, async () => {
      const { disk, scene, bytes } = await onSmallDisk(format);
      // An odd length, so that the disk is full amid a line.
      await writeFile(join(disk, 'ballast'), Buffer.alloc(700_000));
      await scene.say(...bulk(1).slice(0, 800));
      await scene.server.stderr.until('ENOSPC');
      await scene.say('still here');
      // A page at a time: writes are short again and again.
      for (let left = 690_000; left > 600_000; left -= 30_000) {
        // Before there is room: it may be used up at once.
        const before = (await bytes()).length;
        await truncate(join(disk, 'ballast'), left);
        await eventually('more to be written', async () => (await bytes()).length > before);
      }
      await rm(join(disk, 'ballast'));
      await eventually('all to be written', async () => (await bytes()).includes('still here'));
      await scene.server.stderr.until('audit is written again');
      await scene.ends();
      const { wire, missing } = account(format, await bytes());
      expect(missing).to.equal(0);
      expect(wire === scene.wire).to.equal(true);
      if (format === 'json') expect(await verify(await bytes())).to.include({ whole: true });
      const { text } = scene.server.stderr;
      expect(count(text, FULL)).to.equal(count(text, /is written again/g));
      expect(text).not.to.contain('missing');
    });

    it(`that is full to the end has its gap recorded in it, whatever room there is (${format})`, async () => {
      for (const ballast of format === 'json' ? [500_000, 502_001] : [502_001]) {
        const { disk, scene, bytes } = await onSmallDisk(format);
        await writeFile(join(disk, 'ballast'), Buffer.alloc(ballast));
        for (let i = 0; i < 3; i++)
          await scene.say(...bulk(1).map((line) => line.slice(0, 20 + ((i * ballast) % 50))));
        await scene.say(...bulk(1));
        await scene.server.stderr.until('ENOSPC');
        await scene.say('the last words');
        await scene.ends();
        const { wire, missing, gaps } = account(format, await bytes());
        expect(gaps).to.equal(1);
        expect(scene.wire.startsWith(wire)).to.equal(true);
        expect(wire.length + missing).to.equal(scene.wire.length);
        const { text } = scene.server.stderr;
        expect(text).to.match(
          new RegExp(
            `is not whole: the last ${missing} bytes of what was said are not in it, as is recorded there`,
          ),
        );
        expect(count(text, FULL)).to.equal(1);
        if (format !== 'json') continue;
        const { whole, told } = await verify(await bytes());
        expect(whole).to.equal(false);
        expect(told).to.have.length(1);
        expect(told[0]).to.contain(`${missing} bytes of what was said are missing`);
      }
    });

    it(`does not stop the room when the disk for what it lags is used up too (${format})`, async () => {
      const { disk, scene, bytes } = await onSmallDisk(format, ['--spill-limit', '4M'], '32m');
      await writeFile(join(disk, 'ballast'), Buffer.alloc(32_000_000));
      await scene.say(...bulk(30));
      await scene.server.stderr.until('left out');
      await rm(join(disk, 'ballast'));
      await eventually('the gap to be recorded', async () => account(format, await bytes()).gaps > 0);
      await scene.say('the last words');
      await eventually('the last words', async () => (await bytes()).includes('the last words'));
      await scene.ends();
      const { wire, missing } = account(format, await bytes());
      expect(wire.endsWith(said(0, 'the last words'))).to.equal(true);
      // A line that the gap cuts is ended in wire and text; in json it is missing as a whole.
      expect(wire.length + missing - scene.wire.length).to.be.within(0, format === 'json' ? 0 : 2);
      if (format === 'json') {
        const { told } = await verify(await bytes());
        for (const line of told) expect(line).to.contain('of what was said are missing');
      }
    });

    it(`moves to another disk on SIGHUP, and nothing is missing (${format})`, async () => {
      const disk = (await smallDisk('1m')) as string;
      const dir = await folder({});
      await mkdir(join(dir, 'large'));
      await symlink(disk, join(dir, 'log'));
      const path = join(dir, 'log', 'audit');
      const args = ['--audit', path, '--audit-format', format];
      const scene = await Scene.begin(await startServer({ args }));
      await writeFile(join(disk, 'ballast'), Buffer.alloc(900_000));
      await scene.say(...bulk(3));
      await scene.server.stderr.until('ENOSPC');
      await rm(join(dir, 'log'));
      await symlink(join(dir, 'large'), join(dir, 'log'));
      scene.server.kill('SIGHUP');
      await scene.say('the last words');
      await eventually('the last words', async () =>
        (await readFile(path).catch(() => Buffer.alloc(0))).includes('the last words'),
      );
      await scene.ends();
      const [old, next] = [await readFile(join(disk, 'audit')), await readFile(path)];
      const accounts = [account(format, old), account(format, next)];
      const missing = accounts.reduce((sum, part) => sum + part.missing, 0);
      const wire = accounts.map((part) => part.wire).join('');
      expect(missing).to.equal(0);
      expect(wire === scene.wire).to.equal(true);
      if (format === 'json') {
        for (const bytes of [old, next]) expect(await verify(bytes)).to.include({ whole: true });
      }
    });
  }

  it('is closed on SIGHUP also when it was deleted, so that its room is had again', async () => {
    const { disk, path, scene, bytes } = await onSmallDisk('json');
    await scene.say(...bulk(3));
    await scene.server.stderr.until('ENOSPC');
    await rm(path);
    scene.server.kill('SIGHUP');
    await eventually('a new file', async () => (await stat(path).catch(() => undefined))?.size !== undefined);
    // More is lagging than the disk can hold, so it is full once more.
    await eventually('the new file to be written', async () => (await bytes()).length > 500_000);
    await rename(path, join(disk, 'old'));
    await scene.ends();
  });
});

describe('command: an audit that is no file', () => {
  it('/dev/full: the room goes on, it is said once, and the end comes in time', async () => {
    const args = ['--audit', '/dev/full', '--memory', '1M'];
    const scene = await Scene.begin(await startServer({ args }));
    await scene.say(...bulk(20));
    await scene.server.stderr.until('ENOSPC');
    await scene.ends();
    expect(count(scene.server.stderr.text, FULL)).to.equal(1);
    expect(scene.server.stderr.text).to.contain(
      `the last ${scene.wire.length} bytes of what was said are not in it\n`,
    );
  });

  async function fifo(): Promise<string> {
    const path = join(await folder({}), 'fifo');
    await once(spawn('mkfifo', [path]), 'exit');
    return path;
  }

  /** A process that reads it, or a part of it. */
  function reader(path: string, command = 'exec cat "$0"') {
    const child = spawn('sh', ['-c', command, path], { stdio: ['ignore', 'pipe', 'ignore'] });
    const inbox = new Inbox();
    child.stdout.on('data', (chunk: Buffer) => inbox.push(chunk));
    child.stdout.once('close', () => inbox.finish());
    afterwards(() => void child.kill('SIGKILL'));
    return { gone: new Promise((resolve) => child.once('exit', resolve)), inbox };
  }

  it('a FIFO with nobody at its end: the room goes on, and who comes to read gets it all', async () => {
    const path = await fifo();
    const args = ['--audit', path, '--audit-format', 'wire', '--memory', '1M'];
    const scene = await Scene.begin(await startServer({ args }));
    await scene.say(...bulk(20));
    await scene.server.stderr.until('cannot be written, which is tried again: nobody reads it');
    const { inbox } = reader(path);
    await inbox.exactly(Buffer.from(scene.wire));
    await scene.server.stderr.until('is written again');
    await scene.say('more');
    await inbox.exactly(Buffer.from(scene.wire));
    await scene.ends();
  });

  it('a FIFO with nobody at its end to the end: the end comes in time', async () => {
    const path = await fifo();
    const scene = await Scene.begin(await startServer({ args: ['--audit', path, '--memory', '1M'] }));
    await scene.say(...bulk(5));
    await scene.ends();
    expect(scene.server.stderr.text).to.contain(
      `the last ${scene.wire.length} bytes of what was said are not in it`,
    );
  });

  it('several FIFOs with nobody at their ends do not keep what else is written waiting', async () => {
    const [audit, DIR] = [await fifo(), await folder({})];
    const transforms = await Promise.all([fifo(), fifo(), fifo()]);
    // Held open by somebody who reads nothing: opening them is not what is tried here.
    for (const path of transforms) afterwards(await open(path, 'r+').then((file) => () => file.close()));
    const args = [
      '--audit',
      audit,
      ...transforms.flatMap((path) => ['-t', `log=to:${path}`]),
      '--memory',
      '1M',
    ];
    const command = shell('exec "$@" > "$DIR/out"');
    const server = await startServer({ args, command, env: { DIR } });
    const a = await arrive(server);
    await a.send(packet(bulk(3)));
    await eventually('standard output', async () =>
      (await readFile(join(DIR, 'out'), 'utf8')).includes('client 0: 9 '),
    );
    server.kill('SIGKILL');
    await server.exited;
  });

  it('whose reader goes is given up with one line, and SIGHUP opens it again, with the gap recorded', async () => {
    const path = await fifo();
    const first = reader(path, 'exec head -n 1 "$0"');
    const args = ['--audit', path, '--audit-format', 'json', '--memory', '1M'];
    const scene = await Scene.begin(await startServer({ args }));
    await first.inbox.until('arrived');
    await first.gone;
    await scene.say('nobody reads this');
    await scene.server.stderr.until('EPIPE');
    await scene.say(...bulk(5));
    const second = reader(path);
    scene.server.kill('SIGHUP');
    await eventually('it to be open', async () => {
      await scene.say('again');
      return second.inbox.text.includes('again');
    });
    await scene.ends();
    expect(count(scene.server.stderr.text, /is given up/g)).to.equal(1);
    const [gap, ...records] = recordsOf(second.inbox.text);
    expect(gap?.event).to.equal('gap');
    const wire = toWire(records).toString();
    expect(scene.wire.endsWith(wire)).to.equal(true);
    // Nobody knows of what the pipe had taken whether it was read.
    expect(gap?.bytes).to.be.within(5_000_000, scene.wire.length - wire.length);
  });

  it('a limit on the length of files: the room goes on, and SIGHUP is the way out', async () => {
    const dir = await folder({});
    const path = join(dir, 'audit');
    const command = shell('ulimit -f 100 && exec "$@"');
    const args = ['--audit', path, '--audit-format', 'json'];
    // What the engine writes down for coverage at the end would go past the limit, too.
    const env = { NODE_V8_COVERAGE: '' };
    const scene = await Scene.begin(await startServer({ args, command, env }));
    await scene.say(...Array.from({ length: 800 }, (_, i) => `line ${i}`));
    await scene.server.stderr.until('EFBIG');
    await rename(path, join(dir, 'old'));
    scene.server.kill('SIGHUP');
    await scene.say('the last words');
    await eventually('the last words', async () =>
      (await readFile(path).catch(() => Buffer.alloc(0))).includes('the last words'),
    );
    await scene.ends();
    const files = [await readFile(join(dir, 'old')), await readFile(path)];
    for (const bytes of files) expect(await verify(bytes)).to.include({ whole: true });
    expect(toWire(files.flatMap(recordsOf)).toString()).to.equal(scene.wire);
  });
});
