// --audit: a file, what it is opened with, what is in it, and how it goes on.
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { auditTo } from '../../lib/index.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { type Row, recordsOf, toWire } from '../support/audit.js';
import { afterwards } from '../support/cleanup.js';
import { arrive, type Client } from '../support/client.js';
import { runCommand, type Server, shell, startServer } from '../support/command.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { Inbox } from '../support/inbox.js';
import { folder } from '../support/modules.js';
import { random } from '../support/random.js';
import { join as joinRoom, room } from '../support/room.js';
import { hasTerminal, onTerminal } from '../support/terminal.js';
import { eventually } from '../support/waiting.js';
import { arrived, left, packet, said } from '../support/wire.js';

const QUIET_END = { code: 0, signal: null };

const verify = async (...parts: (string | Buffer)[]) =>
  verifyAudit(Readable.from([Buffer.concat(parts.map((part) => Buffer.from(part)))]));

async function stop(server: Server): Promise<void> {
  server.kill('SIGTERM');
  expect(await server.exited).to.deep.equal(QUIET_END);
}

/** A server with an audit, in a folder of its own. */
async function audited(
  format: string,
  options: { files?: { [name: string]: string }; args?: string[] } = {},
) {
  const dir = await folder(options.files ?? {});
  const path = join(dir, 'audit');
  const args = ['--audit', path, '--audit-format', format, ...(options.args ?? [])];
  return { dir, path, args, server: await startServer({ args }), text: () => readFile(path, 'utf8') };
}

/** Somebody comes, says this and leaves. */
async function visit(server: Server, ...lines: (string | Buffer)[]): Promise<void> {
  const client = await arrive(server);
  for (const line of lines)
    await client.send(Buffer.concat([Buffer.from(line as string), Buffer.from('\n')]));
  client.end();
  await client.ended;
}

describe('command: --audit', () => {
  it('is text by default: each line with its time, control characters made visible', async () => {
    const dir = await folder({});
    const path = join(dir, 'audit.log');
    const server = await startServer({ args: ['--audit', path] });
    await visit(server, '\x1b[2Jhello');
    await stop(server);
    const lines = (await readFile(path, 'utf8')).split('\n');
    for (const line of lines.slice(0, 3))
      expect(line.slice(0, 24)).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lines.map((line) => line.slice(25))).to.deep.equal([
      'server: client 0 just arrived',
      'client 0: \\x1b[2Jhello',
      'server: client 0 just left',
      '',
    ]);
    expect(server.stdout.text).to.equal(arrived(0) + said(0, '\x1b[2Jhello') + left(0));
    expect(server.stderr.text).to.equal('');
  });

  it('has the format of --format, unless --audit-format says another', async () => {
    for (const [args, output, audit] of [
      [['--format', 'json'], /^\{"seq":0/, /^\{"seq":0/],
      [['--format', 'json', '--audit-format', 'wire'], /^\{"seq":0/, /^server: client 0/],
      [['--audit-format', 'json'], /^server: client 0/, /^\{"seq":0/],
    ] as const) {
      const path = join(await folder({}), 'audit');
      const server = await startServer({ args: ['--audit', path, ...args] });
      await visit(server, 'hello');
      await stop(server);
      expect(server.stdout.text).to.match(output);
      expect(await readFile(path, 'utf8')).to.match(audit);
    }
  });

  it('is readable and writable for its user only, whatever the umask', async () => {
    const dir = await folder({});
    const server = await startServer({
      command: shell('umask 0 && exec "$@"'),
      args: ['--audit', join(dir, 'audit.log')],
    });
    await stop(server);
    expect((await stat(join(dir, 'audit.log'))).mode & 0o777).to.equal(0o600);
  });

  it('leaves the mode of a file that is there, and what is in it', async () => {
    const { path, server, text } = await audited('wire', { files: { audit: 'before\n' } });
    await chmod(path, 0o640);
    await visit(server, 'hello');
    await stop(server);
    expect(await text()).to.equal(`before\n${arrived(0)}${said(0, 'hello')}${left(0)}`);
    expect((await stat(path)).mode & 0o777).to.equal(0o640);
  });

  for (const format of ['wire', 'text', 'json']) {
    it(`gives back every byte that was said, from standard output as from the audit (${format} and json)`, async () => {
      const { server, text } = await audited('json', { args: ['--format', format] });
      const next = random(format.length);
      const witness = await arrive(server);
      const speakers = [await arrive(server, 1, witness), await arrive(server, 2, witness)];
      for (let i = 0; i < 300; i++) {
        const bytes = Buffer.from(
          Array.from({ length: Math.floor(next() * 200) }, () => Math.floor(next() * 256)),
        );
        await speakers[i % 2]?.send(bytes);
        if (next() < 0.1) await speakers[i % 2]?.send('\né😀\u202e"\\\n');
      }
      for (const [i, speaker] of speakers.entries()) {
        await speaker.send('\n');
        speaker.end();
        await witness.until(left(i + 1));
      }
      await stop(server);
      const records = recordsOf(await text());
      const expected = Buffer.concat([Buffer.from(arrived(0)), witness.received]);
      expect(toWire(records).equals(expected)).to.equal(true);
      expect(await verify(await text())).to.include({ whole: true });
      if (format === 'wire') expect(server.stdout.bytes.equals(expected)).to.equal(true);
      if (format === 'json')
        expect(`${server.stdout.text}`).to.equal((await text()).split('\n').toSpliced(-2, 1).join('\n'));
    });
  }

  it('takes a line that is longer than every buffer', async () => {
    const { server, path, text } = await audited('json');
    const a = await arrive(server);
    const line = Buffer.alloc(16 * 1024 * 1024, 0xff);
    await a.send(line);
    await a.send('\n');
    // U+FFFD is three bytes, and base64 a third more than what it stands for.
    const length = line.length * 3 + (line.length * 4) / 3;
    await eventually('it to be written', async () => (await stat(path)).size > length);
    await stop(server);
    const [, record] = recordsOf(await text());
    expect(Buffer.from(record?.base64 ?? '', 'base64').equals(line)).to.equal(true);
    expect(await verify(await text())).to.include({ whole: true });
  });

  describe('in json format', () => {
    it('goes on with its numbers when it is started again, and says so', async () => {
      const { server, args, text } = await audited('json');
      await visit(server, 'one');
      await stop(server);
      const again = await startServer({ args });
      await visit(again, 'two');
      await stop(again);
      const records = recordsOf(await text());
      expect(records.map(({ event }) => event)).to.deep.equal([
        ...['arrived', 'line', 'left', 'closed'],
        ...['resumed', 'arrived', 'line', 'left', 'closed'],
      ]);
      expect(records.map(({ seq }) => seq)).to.deep.equal(records.map((_, i) => i));
      const { whole, verdict } = await verify(await text());
      expect(verdict).to.match(/^whole: 9 records, .*, closed$/);
      expect(whole).to.equal(true);
    });

    it('goes on after a kill', async () => {
      const { server, args, text } = await audited('json');
      const a = await arrive(server);
      await a.send('one\n');
      await eventually('the line to be written', async () => (await text()).includes('one'));
      server.kill('SIGKILL');
      await server.exited;
      const again = await startServer({ args });
      await visit(again, 'two');
      await stop(again);
      expect(recordsOf(await text()).map(({ event }) => event)).to.deep.equal(
        'arrived line resumed arrived line left closed'.split(' '),
      );
      expect(await verify(await text())).to.include({ whole: true });
    });

    it('records that its last line was cut off, and does not glue the next to it', async () => {
      const { server, args, path, text } = await audited('json');
      await visit(server, 'one');
      await stop(server);
      const whole = await text();
      const cut = whole.slice(0, whole.indexOf('"closed"') + 3);
      const length = cut.length - cut.lastIndexOf('\n') - 1;
      await writeFile(path, cut);
      const again = await startServer({ args });
      await visit(again, 'two');
      await stop(again);
      const lines = (await text())
        .slice(cut.length + 1)
        .split('\n')
        .slice(0, -1);
      const records = lines.map((line) => JSON.parse(line) as Row);
      expect(records[0]).to.include({ seq: 3, event: 'truncated', bytes: length });
      expect(records.map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
        ...['3 truncated', '4 resumed', '5 arrived', '6 line', '7 left', '8 closed'],
      ]);
      expect((await verify(await text())).whole).to.equal(false);
      // And once more, on top of that.
      const third = await startServer({ args });
      await visit(third, 'three');
      await stop(third);
      expect(recordsOf(await text().then((all) => all.slice(cut.length + 1))).at(-1)?.seq).to.equal(13);
    });

    it('writes nothing if nothing is said', async () => {
      const { server, args, text } = await audited('json');
      await stop(server);
      expect(await text()).to.equal('');
      const again = await startServer({ args });
      await visit(again);
      await stop(again);
      const before = await text();
      await stop(await startServer({ args }));
      expect(await text()).to.equal(before);
    });
  });

  it('in text says that the last line of what was there is cut off', async () => {
    const { server, text } = await audited('text', { files: { audit: 'a line\nhalf a l' } });
    await visit(server);
    await stop(server);
    const [, half, note, next] = (await text()).split('\n');
    expect(half).to.equal('half a l');
    expect(note?.slice(25)).to.equal('server: the line before this one is cut off');
    expect(next?.slice(25)).to.equal('server: client 0 just arrived');
  });

  describe('that cannot be opened', () => {
    const cases: {
      [what: string]: [prepare: (dir: string) => Promise<string>, reason: RegExp, ...args: string[]];
    } = {
      'a directory that is not there': [async (dir) => join(dir, 'none', 'audit'), /ENOENT/],
      'a directory': [async (dir) => dir, /EISDIR/],
      'a symbolic link': [
        async (dir) => {
          await writeFile(join(dir, 'target'), 'mine\n');
          await symlink(join(dir, 'target'), join(dir, 'link'));
          return join(dir, 'link');
        },
        /symbolic link/,
      ],
      'a symbolic link to nothing': [
        async (dir) => {
          await symlink(join(dir, 'target'), join(dir, 'link'));
          return join(dir, 'link');
        },
        /symbolic link/,
      ],
      'another file, as json': [
        async (dir) => {
          await writeFile(join(dir, 'notes'), 'some\nnotes\n');
          return join(dir, 'notes');
        },
        /no audit in json format/,
        '--audit-format',
        'json',
      ],
    };
    for (const [what, [prepare, reason, ...args]] of Object.entries(cases)) {
      it(`is a fatal error, before the port is opened: ${what}`, async () => {
        const dir = await folder({});
        const path = await prepare(dir);
        const busy = await startServer();
        // On a port that cannot be had, to see which of the two is found first.
        const refused = await runCommand(['--verbose', '--audit', path, ...args, `${busy.port}`]);
        expect(refused).to.include({ code: 1, stdout: '' });
        expect(refused.stderr).to.match(/^Fatal error\n[^\n]+\n$/);
        expect(refused.stderr).to.match(reason);
        expect(await runCommand(['--audit', path, ...args, '0'])).to.include({
          code: 1,
          stderr: 'Fatal error\n',
        });
        if (what === 'a symbolic link') expect(await readFile(path, 'utf8')).to.equal('mine\n');
      });
    }

    it('is left as it was when the port cannot be had', async () => {
      const { server, args, text } = await audited('json');
      const a = await arrive(server);
      await eventually('the arrival to be written', async () => (await text()).includes('arrived'));
      const before = await text();
      expect(await runCommand([...args, `${server.port}`])).to.include({ code: 1 });
      expect(await text()).to.equal(before);
      await a.send('still\n');
      await eventually('the line to be written', async () => (await text()).includes('still'));
      await stop(server);
      expect(await verify(await text())).to.include({ whole: true });
    });
  });
});

describe('command: SIGHUP', () => {
  /** Three who talk without pause, until they are told to stop; gives all that they said. */
  async function load(server: Server): Promise<() => Promise<Buffer>> {
    const witness = await arrive(server);
    const speakers: Client[] = [];
    for (let id = 1; id <= 3; id++) speakers.push(await arrive(server, id, witness));
    let over = false;
    const talks = speakers.map(async (speaker, who) => {
      for (let i = 0; !over; i++) {
        await speaker.send(
          packet(Array.from({ length: 50 }, (_, j) => `${i * 50 + j} ${'x'.repeat((i * 7 + who) % 300)}`)),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    return async () => {
      over = true;
      await Promise.all(talks);
      for (const speaker of speakers) {
        speaker.end();
        await witness.until(left(speakers.indexOf(speaker) + 1));
      }
      return Buffer.concat([Buffer.from(arrived(0)), witness.received]);
    };
  }

  /** All of it is in the file: a busy machine writes longer than a relay that is told to end may take. */
  const written = (path: string): Promise<void> =>
    eventually(
      'the last leaving to be written',
      async () =>
        /client 3 just left\n$|"left","client":3[^\n]*\n$/.test((await readFile(path, 'utf8')).slice(-200)),
      20_000,
    );

  const size = (path: string): Promise<number> =>
    stat(path).then(
      (found) => found.size,
      () => 0,
    );

  for (const format of ['wire', 'text', 'json'] as const) {
    it(`opens a renamed audit again under load, and no line is lost, doubled or divided (${format})`, async () => {
      const { server, dir, path } = await audited(format);
      const finish = await load(server);
      for (let i = 0; i < 8; i++) {
        await eventually('something to be written', async () => (await size(path)) > 100_000);
        await rename(path, join(dir, `old.${i}`));
        server.kill('SIGHUP');
        await eventually('a new file', async () => (await size(path)) > 0);
      }
      const expected = await finish();
      await written(path);
      await stop(server);
      const files = await Promise.all(
        [...Array.from({ length: 8 }, (_, i) => join(dir, `old.${i}`)), path].map((file) => readFile(file)),
      );
      for (const file of files) expect(file.at(-1)).to.equal(0x0a);
      if (format === 'wire') expect(Buffer.concat(files).equals(expected)).to.equal(true);
      if (format === 'text') {
        const shown = Buffer.concat(files)
          .toString()
          .replace(/^\S{24} /gm, '');
        expect(shown === expected.toString()).to.equal(true);
      }
      if (format === 'json') {
        for (const file of files) {
          const { whole, verdict } = await verify(file);
          expect(verdict).to.match(/^whole: .* closed$/);
          expect(whole).to.equal(true);
        }
        expect(toWire(files.flatMap((file) => recordsOf(file.toString()))).equals(expected)).to.equal(true);
      }
      expect(server.stderr.text).to.equal('');
    });
  }

  it('opens it again at once when nothing is said', async () => {
    const { server, dir, path } = await audited('json');
    await visit(server, 'one');
    await eventually('the line to be written', async () => (await readFile(path, 'utf8')).includes('left'));
    await rename(path, join(dir, 'old'));
    server.kill('SIGHUP');
    await eventually('the old one to be closed', async () =>
      (await readFile(join(dir, 'old'), 'utf8')).includes('closed'),
    );
    await eventually('the new one', async () => (await stat(path).catch(() => undefined)) !== undefined);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    await visit(server, 'two');
    await stop(server);
    expect(recordsOf(await readFile(path, 'utf8')).map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
      '0 arrived',
      '1 line',
      '2 left',
      '3 closed',
    ]);
  });

  it('is nothing where the file is still in its place', async () => {
    const { server, text } = await audited('json');
    await visit(server, 'one');
    server.kill('SIGHUP');
    server.kill('SIGHUP');
    await visit(server, 'two');
    await stop(server);
    expect(
      recordsOf(await text())
        .map(({ event }) => event)
        .join(' '),
    ).to.equal('arrived line left arrived line left closed');
  });

  it('stays with the file it has where the path cannot be opened, and says so', async () => {
    const { server, dir, path } = await audited('wire');
    await visit(server, 'one');
    await rename(path, join(dir, 'old'));
    await mkdir(path);
    server.kill('SIGHUP');
    await server.stderr.until('cannot be opened again: EISDIR');
    await visit(server, 'two');
    await stop(server);
    expect(await readFile(join(dir, 'old'), 'utf8')).to.contain(said(1, 'two'));
    expect(server.stderr.text.split('\n')).to.have.length(2);
  });

  it('ends a command with an audit whose terminal is gone', async function () {
    if (!hasTerminal()) this.skip();
    const path = join(await folder({}), 'audit');
    const server = await startServer({
      command: onTerminal(),
      args: ['--audit', path, '--audit-format', 'json'],
    });
    const a = await arrive(server);
    server.kill('SIGKILL');
    await a.ended;
    await eventually('the end', async () => (await readFile(path, 'utf8')).endsWith('"closed"}\n'));
  });

  it('ends a command that has no audit, as it does any other', async () => {
    const server = await startServer();
    server.kill('SIGHUP');
    expect(await server.exited).to.deep.equal({ code: null, signal: 'SIGHUP' });
  });

  it('is what logrotate of Debian sends, by the snippet in docs/transcript.md', async function () {
    if (spawnSync('logrotate', ['--version']).status !== 0) this.skip();
    const docs = await readFile(new URL('../../../docs/transcript.md', import.meta.url), 'utf8');
    const snippet = /^```logrotate\n([\s\S]*?)^```$/m.exec(docs)?.[1] ?? '';
    expect(snippet).to.contain('postrotate');
    const { server, dir, path } = await audited('json');
    await writeFile(join(dir, 'pid'), `${server.process.pid}\n`);
    const config = snippet
      .replaceAll('/var/log/mini-serv/audit.json', path)
      .replaceAll('/run/mini-serv.pid', join(dir, 'pid'))
      .replace(/^ *compress\n/m, '');
    expect(config).to.contain(path).and.to.contain(join(dir, 'pid'));
    await writeFile(join(dir, 'logrotate.conf'), config, { mode: 0o644 });
    await chmod(dir, 0o700);
    const finish = await load(server);
    for (let i = 0; i < 3; i++) {
      await eventually('something to be written', async () => (await size(path)) > 100_000);
      const { status, stderr } = spawnSync('logrotate', [
        '-f',
        '-s',
        join(dir, 'state'),
        join(dir, 'logrotate.conf'),
      ]);
      expect(stderr.toString()).to.equal('');
      expect(status).to.equal(0);
      await eventually('a new file', async () => (await size(path)) > 0);
    }
    const expected = await finish();
    await written(path);
    await stop(server);
    const files = await Promise.all(
      [`${path}.3`, `${path}.2`, `${path}.1`, path].map((file) => readFile(file)),
    );
    for (const file of files) expect((await verify(file)).verdict).to.match(/^whole: .* closed$/);
    expect(toWire(files.flatMap((file) => recordsOf(file.toString()))).equals(expected)).to.equal(true);
  });
});

describe('auditTo', () => {
  it('does in code what --audit does', async () => {
    const path = join(await folder({}), 'audit.json');
    const relay = room();
    const audit = await auditTo(relay, path, { format: 'json' });
    const a = await joinRoom(relay);
    a.send('hello\n');
    await eventually('the line to be written', async () => (await readFile(path, 'utf8')).includes('hello'));
    await rename(path, `${path}.1`);
    await audit.reopen();
    a.send('again\n');
    await eventually('the line to be written', async () => (await readFile(path, 'utf8')).includes('again'));
    await relay.close();
    await audit.closed;
    expect(await verify(await readFile(`${path}.1`))).to.include({ whole: true });
    expect(recordsOf(await readFile(path, 'utf8')).map(({ event }) => event)).to.deep.equal([
      'line',
      'closed',
    ]);
  });

  it('records the gap when what it lags cannot be read back from disk, and goes on', async () => {
    const path = join(await folder({}), 'fifo');
    spawnSync('mkfifo', [path]);
    const world = fakeEnvironment();
    const relay = room({ segmentBytes: 256, memoryBytes: 1024, environment: world });
    const warnings: string[] = [];
    relay.on('warning', ({ code }) => warnings.push(code));
    const wire = new Inbox();
    relay.createReadStream().on('data', (chunk: Buffer) => wire.push(chunk));
    // Nobody reads it yet, so it lags.
    await auditTo(relay, path, { format: 'json' });
    const a = await joinRoom(relay);
    a.send(packet(Array.from({ length: 100 }, (_, i) => `${i} `.padEnd(200, 'x'))));
    await wire.until('client 0: 99 ');
    await eventually('a spill', () => relay.stats().diskBytes > 0);
    world.fs.readErrors = Array.from({ length: 1000 }, () => new Error('EIO'));
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] });
    afterwards(() => void reader.kill());
    const inbox = new Inbox();
    reader.stdout.on('data', (chunk: Buffer) => inbox.push(chunk));
    await eventually('it to be given up', () => {
      world.clock.advance(1000);
      return warnings.includes('ERR_SPILL_READ');
    });
    a.send('after\n');
    await inbox.until('"after"}\n');
    const records = recordsOf(inbox.text);
    expect(records.map(({ seq }) => seq)).to.deep.equal(records.map((_, i) => i));
    const gaps = records.filter(({ event }) => event === 'gap');
    expect(gaps).to.have.length(1);
    expect(toWire(records).length + (gaps[0]?.bytes ?? 0)).to.equal(wire.bytes.length);
  });

  it('throws what is amiss with a path or a format', async () => {
    const relay = room();
    const reason = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'none',
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
    expect(await reason(auditTo(relay, '/nowhere/audit'))).to.equal('ENOENT');
    expect(await reason(auditTo(relay, '/tmp/x', { format: 'xml' as never }))).to.equal('ERR_OPTION');
    expect(relay.stats().outputLagBytes).to.deep.equal([]);
  });

  it('of a closed relay is closed at once', async () => {
    const relay = room();
    await relay.close();
    await (await auditTo(relay, join(await folder({}), 'audit'))).closed;
  });
});
