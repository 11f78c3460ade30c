import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterwards } from '../support/cleanup.js';
import { arrive, type Client } from '../support/client.js';
import { shell, startServer } from '../support/command.js';
import { HAS_PROC, resident, spilled } from '../support/proc.js';
import { expectation, stoppedReaders } from '../support/stopped.js';
import { eventually, within } from '../support/waiting.js';
import { left, said } from '../support/wire.js';

const MIB = 1024 * 1024;
const LINE = `${'x'.repeat(99)}\n`;
const CHUNK = LINE.repeat(640);
/** Some 64 MB. */
const FLOOD = 1000 * CHUNK.length;
// The engine's own counters for coverage are no part of what is measured here.
const env = { NODE_V8_COVERAGE: '' };

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'backlog-spec-'));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Says so many bytes as fast as they are taken. */
async function flood({ socket }: Client, bytes: number, each: () => void = () => {}): Promise<void> {
  for (let done = 0; done < bytes; done += CHUNK.length) {
    each();
    if (!socket.write(CHUNK)) await within(once(socket, 'drain'), 'the sender to go on');
  }
}

/** A server with stopped readers, who are owed `bytes`; and how to see that they get it. */
async function backlog(count: number, bytes: number, args: string[] = []) {
  const server = await startServer({ env, args });
  // What Node itself takes differs from version to version.
  const before = HAS_PROC ? resident(server) : 0;
  const readers = await stoppedReaders(server, count);
  const speaker = await arrive(server, count);
  const hash = expectation();
  const prefixed = `client ${count}: ${LINE}`.repeat(640);
  await speaker.send('begin\n');
  await flood(speaker, bytes, () => void hash.update(prefixed));
  await speaker.send('end\n');
  return { server, readers, speaker, before, expected: hash.update(said(count, 'end')).digest('hex') };
}

describe('readers that have stopped', () => {
  before(function () {
    if (!HAS_PROC) {
      console.log('    left out: what a process holds is read from /proc, which this system does not have');
      this.skip();
    }
  });

  for (const [count, size] of [
    [1, 256],
    [10, 96],
  ] as const) {
    it(`cost disk and not memory, and get all of it when they read again: ${count}`, async () => {
      const { server, readers, expected, before } = await backlog(count, size * MIB);
      await eventually('the backlog on disk', () => spilled(server) > (size / 4) * MIB);
      const { hashes } = await readers.resume();
      expect(hashes).to.deep.equal(Array.from({ length: count }, () => expected));
      expect(resident(server) - before).to.be.lessThan(180 * MIB);
      await eventually('the disk to be given back', () => spilled(server) === 0);
      expect(server.stderr.text).to.equal('');
    });
  }

  it('are no reason for disk while memory lasts', async () => {
    const { server, readers, expected } = await backlog(1, 48 * MIB);
    expect(spilled(server)).to.equal(0);
    const { hashes } = await readers.resume();
    expect(hashes).to.deep.equal([expected]);
  });

  it('cost nothing any more a moment after they were killed', async () => {
    const { server, readers, speaker } = await backlog(1, 96 * MIB);
    await eventually('the backlog on disk', () => spilled(server) > 16 * MIB);
    await readers.kill();
    await speaker.until(left(0));
    await eventually('the disk to be given back', () => spilled(server) === 0);
  });

  it('leave an empty directory behind when the relay is killed, which the next start sweeps', async () => {
    const folder = scratch();
    const { server } = await backlog(1, 128 * MIB, ['--spill-dir', folder]);
    // All of it that is to be there: a file that is just being made still has its name.
    let seen = 0;
    let looks = 0;
    await eventually('the backlog on disk', () => {
      looks = spilled(server) === seen ? looks + 1 : 0;
      seen = spilled(server);
      return seen > 16 * MIB && looks === 20;
    });
    const [directory = ''] = readdirSync(folder);
    server.kill('SIGKILL');
    await server.exited;
    expect(readdirSync(folder)).to.deep.equal([directory]);
    expect(readdirSync(join(folder, directory))).to.deep.equal([]);
    writeFileSync(join(folder, directory, 'segments'), 'killed before it could be unlinked');
    mkdirSync(join(folder, 'mini-serv-1-alive'));
    mkdirSync(join(folder, 'mini-serv-999999999-full'));
    writeFileSync(join(folder, 'mini-serv-999999999-full', 'mine'), 'another program’s');
    symlinkSync(scratch(), join(folder, 'mini-serv-999999998-link'));
    const next = await startServer({ args: ['--spill-dir', folder] });
    await arrive(next);
    expect(readdirSync(folder).sort()).to.deep.equal([
      'mini-serv-1-alive',
      'mini-serv-999999998-link',
      'mini-serv-999999999-full',
    ]);
    expect(readdirSync(join(folder, 'mini-serv-999999999-full'))).to.deep.equal(['mine']);
  });

  it('work with a small heap', async () => {
    const server = await startServer({ env: { ...env, NODE_OPTIONS: '--max-old-space-size=128' } });
    const readers = await stoppedReaders(server, 2);
    const speaker = await arrive(server, 2);
    await speaker.send('begin\n');
    await flood(speaker, 144 * MIB);
    await speaker.send('end\n');
    const { hashes, bytes } = await readers.resume();
    expect(hashes[0]).to.equal(hashes[1]);
    expect(bytes).to.be.greaterThan(2 * 144 * MIB);
  });
});

describe('a file system of 16 MiB for the backlog', () => {
  /** A tmpfs of that size. Undefined where this process may not mount one. */
  function smallDisk(): string | undefined {
    const folder = scratch();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    afterwards(() => void execFileSync('umount', ['-l', folder]));
    return folder;
  }

  it('makes senders wait when it is full; reading alone frees it, and nothing is lost', async function () {
    const folder = smallDisk();
    if (folder === undefined) {
      console.log(
        '    left out: no file system may be mounted here; spec/disk-full.spec.ts shows it on a made-up one',
      );
      this.skip();
      return;
    }
    const server = await startServer({ env, args: ['--memory', '4M', '--spill-dir', folder] });
    const readers = await stoppedReaders(server, 1);
    const speaker = await arrive(server, 1);
    const listener = await arrive(server, 2, speaker);
    await speaker.send('begin\n');
    const flooded = flood(speaker, FLOOD).then(() => speaker.send('end\n'));
    await eventually('the disk to be full', () => server.stderr.text.includes('senders wait'));
    expect(listener.received.length).to.be.lessThan(FLOOD);
    const { hashes } = await readers.resume();
    await flooded;
    await listener.until(said(1, 'end'));
    const flooding = `client 1: ${LINE}`.repeat(FLOOD / LINE.length);
    expect(hashes).to.deep.equal([expectation().update(flooding).update(said(1, 'end')).digest('hex')]);
    await listener.hears(said(1, 'begin'), flooding, said(1, 'end'));
    // In memory, as the operator is told; then full and room again by turns: a flood fills a small disk as often as
    // reading has freed it.
    const told = (): string =>
      server.stderr.text
        .split('\n')
        .flatMap((line) => /tmpfs|senders wait|again/.exec(line)?.[0] ?? [])
        .join();
    await eventually('the end of it to be told', () => /^tmpfs(,senders wait,again)+$/.test(told()));
  });
});

describe('pacing on real sockets', () => {
  it('keeps the disk out of it where a fast sender has one reader', async function () {
    if (!HAS_PROC) this.skip();
    // The transcript is a reader, too: through a pipe to this busy process it would be a slow one.
    const server = await startServer({ env, command: shell('exec "$@" >/dev/null') });
    const listener = await arrive(server);
    const speaker = await arrive(server, 1, listener);
    // Reads on, but slowly: what it has is thrown away in small pieces.
    listener.socket.removeAllListeners('data');
    let heard = 0;
    let most = 0;
    listener.socket.on('data', (chunk: Buffer) => {
      heard += chunk.length;
      most = Math.max(most, spilled(server));
      listener.socket.pause();
      setImmediate(() => listener.socket.resume());
    });
    await flood(speaker, 96 * MIB);
    await eventually('all to be heard', () => heard > 96 * MIB);
    expect(most).to.equal(0);
    expect(resident(server)).to.be.lessThan(200 * MIB);
  });

  it('never holds up a fast sender who has only a stopped reader', async () => {
    const { server } = await backlog(1, 144 * MIB);
    expect(server.stderr.text).to.equal('');
  });

  it('does not deadlock two clients that both write 64 MB before they read', async () => {
    const server = await startServer({ env });
    const one = await arrive(server);
    const other = await arrive(server, 1, one);
    for (const client of [one, other]) client.pause();
    await Promise.all([flood(one, FLOOD), flood(other, FLOOD)]);
    await Promise.all([one.send('end\n'), other.send('end\n')]);
    for (const client of [one, other]) client.resume();
    await Promise.all([one.until(said(1, 'end')), other.until(said(0, 'end'))]);
    const lines = FLOOD / LINE.length;
    expect(one.received.toString()).to.equal(
      `server: client 1 just arrived\n${`client 1: ${LINE}`.repeat(lines)}${said(1, 'end')}`,
    );
    expect(other.received.length).to.equal(lines * `client 0: ${LINE}`.length + said(0, 'end').length);
  });

  it('delivers 64 MB to a client that said goodbye before it read', async () => {
    const server = await startServer({ env });
    const speaker = await arrive(server);
    const leaver = await arrive(server, 1, speaker);
    leaver.pause();
    await flood(speaker, FLOOD);
    await speaker.send('end\n');
    // Owed only what was said before it left: the speaker's words have to be in the log by then.
    const witness = await arrive(server, 2, speaker);
    await speaker.send('after\n');
    await witness.until(said(0, 'after'));
    leaver.end();
    await speaker.until(left(1));
    leaver.resume();
    await within(leaver.ended, 'the end of what was owed');
    expect(leaver.received.length).to.equal(
      (FLOOD / LINE.length) * `client 0: ${LINE}`.length +
        said(0, 'end', 'after').length +
        'server: client 2 just arrived\n'.length,
    );
  });
});
