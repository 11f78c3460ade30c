import { spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type AuditOptions, auditTo, type Format, type Relay } from '../../lib/index.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { account, recordsOf, toWire } from '../support/audit.js';
import { addCleanup } from '../support/cleanup.js';
import { folder } from '../support/modules.js';
import { createTestRelay, join as joinRoom, type Member } from '../support/room.js';
import { eventually, within } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, relayed } from '../support/wire.js';
import { AuditScene } from './scene.js';

const verify = (bytes: string | Buffer) => verifyAudit(Readable.from([Buffer.from(bytes as string)]));
const read = (path: string): Promise<string> => readFile(path, 'utf8');

const stripTimes = (text: string): string => text.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /gm, '');

const events = (text: string): string =>
  recordsOf(text)
    .map(({ event }) => event)
    .join(' ');

describe('auditTo()', () => {
  it('writes text by default: each line with its time, and control characters made visible', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'));
    await scene.visit('\x1b[2Jhello');
    await scene.close();
    const text = await read(scene.path);
    expect(stripTimes(text)).to.equal(arrivedNotice(0) + relayed(0, '\\x1b[2Jhello') + leftNotice(0));
    expect(text.match(/^\d{4}-/gm)).to.have.length(3);
    expect(scene.warnings).to.deep.equal([]);
  });

  it('creates the file with mode 0600', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'));
    expect((await stat(scene.path)).mode & 0o777).to.equal(0o600);
  });

  it('appends to an existing file and keeps its mode', async () => {
    const path = join(await folder({ audit: 'before\n' }), 'audit');
    await chmod(path, 0o640);
    const scene = await AuditScene.open(path, 'wire');
    await scene.visit('hello');
    await scene.close();
    expect(await read(path)).to.equal(`before\n${arrivedNotice(0)}${relayed(0, 'hello')}${leftNotice(0)}`);
    expect((await stat(path)).mode & 0o777).to.equal(0o640);
  });

  it('notes in text that the last line of an existing file is truncated', async () => {
    const scene = await AuditScene.open(join(await folder({ audit: 'a line\nhalf a l' }), 'audit'), 'text');
    await scene.visit();
    await scene.close();
    const notice = 'server: the line before this one is cut off\n';
    expect(stripTimes(await read(scene.path))).to.equal(
      `a line\nhalf a l\n${notice}${arrivedNotice(0)}${leftNotice(0)}`,
    );
  });

  it('writes nothing if no client has joined', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'), 'json');
    await scene.close();
    expect(await read(scene.path)).to.equal('');
  });

  it('keeps a line of 1 MiB without a single valid UTF-8 character', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'), 'json');
    const line = Buffer.alloc(1024 * 1024, 0xff);
    const member = await joinRoom(scene.relay);
    member.send(Buffer.concat([line, Buffer.from('\n')]));
    await scene.wire.until((bytes) => bytes.length > line.length && bytes.at(-1) === 0x0a);
    await scene.close();
    const [, record] = recordsOf(await read(scene.path));
    expect(Buffer.from(record?.base64 ?? '', 'base64').equals(line)).to.equal(true);
    expect(await verify(await read(scene.path))).to.include({ isComplete: true });
  });

  it('reports an unknown format or option, and a path that cannot be opened, and leaves no reader behind', async () => {
    const relay = createTestRelay();
    const failure = async (path: string, format?: string): Promise<Error> => {
      const options = format === undefined ? {} : { format: format as Format };
      return auditTo(relay, path, options).then(
        () => new Error('it was opened'),
        (error: Error) => error,
      );
    };
    expect((await failure('/tmp/x', 'xml')).message).to.equal(
      "format: expected 'wire', 'text' or 'json', got 'xml'",
    );
    const misspelt = { fromat: 'json' } as AuditOptions;
    const unknown = await auditTo(relay, '/tmp/x', misspelt).catch((error: Error) => error);
    expect(unknown).to.include({ message: 'fromat: unknown option; expected one of format' });
    const dir = await folder({ mine: 'mine\n' });
    expect(await failure(join(dir, 'none', 'audit'))).to.include({ code: 'ENOENT' });
    expect(await failure(dir)).to.include({ code: 'EISDIR' });
    for (const target of ['mine', 'absent']) {
      await symlink(join(dir, target), join(dir, `link to ${target}`));
      expect((await failure(join(dir, `link to ${target}`))).message).to.match(/symbolic link/);
    }
    expect(await read(join(dir, 'mine'))).to.equal('mine\n');
    expect((await failure(join(dir, 'mine'), 'json')).message).to.match(/is not an audit in JSON format/);
    expect(relay.stats().outputLagBytes).to.deep.equal([]);
  });

  it('rejects an invalid relay or path with ERR_OPTION, and creates no file', async () => {
    const path = join(await folder({}), 'audit');
    const relay = createTestRelay();
    for (const [other, name] of [
      [{}, '{}'],
      [null, 'null'],
      [undefined, 'undefined'],
    ] as const) {
      const failure = await auditTo(other as unknown as Relay, path).catch((error: Error) => error);
      const message = `relay: expected a relay, as createRelay() returns it, got ${name}`;
      expect(failure).to.include({ code: 'ERR_OPTION', message });
    }
    for (const [other, name] of [
      ['', "''"],
      [undefined, 'undefined'],
      [{}, '{}'],
    ] as const) {
      const failure = await auditTo(relay, other as string).catch((error: Error) => error);
      expect(failure).to.include({
        code: 'ERR_OPTION',
        message: `path: expected the path of a file, got ${name}`,
      });
    }
    expect(existsSync(path)).to.equal(false);
  });

  it('is closed at once if the relay is closed', async () => {
    const relay = createTestRelay();
    await relay.close();
    const audit = await auditTo(relay, join(await folder({}), 'audit'));
    await within(audit.closed, 'the end of the audit');
  });
});

describe('auditTo() with an existing audit in JSON format', () => {
  it('continues with the next number, after a record that says so', async () => {
    const path = join(await folder({}), 'audit');
    for (const line of ['one', 'two']) {
      const scene = await AuditScene.open(path, 'json');
      await scene.visit(line);
      await scene.close();
    }
    expect(events(await read(path))).to.equal('arrived line left closed resumed arrived line left closed');
    const { isComplete, summary } = await verify(await read(path));
    expect(summary).to.match(/^complete: 9 records .* closed$/);
    expect(isComplete).to.equal(true);
  });

  it('writes nothing if no client joins', async () => {
    const path = join(await folder({}), 'audit');
    const first = await AuditScene.open(path, 'json');
    await first.visit('one');
    await first.close();
    const before = await read(path);
    await (await AuditScene.open(path, 'json')).close();
    expect(await read(path)).to.equal(before);
  });

  it('records that the last line was truncated, and starts a new line', async () => {
    const path = join(await folder({}), 'audit');
    const first = await AuditScene.open(path, 'json');
    await first.visit('one');
    await first.close();
    const whole = await read(path);
    const cut = whole.slice(0, whole.indexOf('"closed"') + 3);
    await writeFile(path, cut);
    const second = await AuditScene.open(path, 'json');
    await second.visit('two');
    await second.close();
    const records = recordsOf((await read(path)).slice(cut.length + 1));
    expect(records.map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
      ...['3 truncated', '4 resumed', '5 arrived', '6 line', '7 left', '8 closed'],
    ]);
    expect(records[0]?.bytes).to.equal(cut.length - cut.lastIndexOf('\n') - 1);
    expect(await verify(await read(path))).to.include({ isComplete: false });
    // The torn line is now in the middle, and the numbers still continue.
    const third = await AuditScene.open(path, 'json');
    await third.visit('three');
    await third.close();
    expect(recordsOf((await read(path)).slice(cut.length + 1)).at(-1)?.seq).to.equal(13);
  });

  it('continues after a last record that is longer than a chunk of the file', async () => {
    const path = join(await folder({}), 'audit');
    const first = await AuditScene.open(path, 'json');
    await first.visit('x'.repeat(200_000));
    await first.close();
    const lines = (await read(path)).split('\n');
    await writeFile(path, `${lines.slice(0, 2).join('\n')}\n`);
    const second = await AuditScene.open(path, 'json');
    await second.visit();
    await second.close();
    expect(recordsOf(await read(path)).map(({ seq }) => seq)).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });
});

describe('Audit.reopen()', () => {
  const size = (path: string): Promise<number> =>
    stat(path).then(
      (found) => found.size,
      () => 0,
    );

  /** Three clients that send without a pause until the returned function is called. */
  async function load(scene: AuditScene): Promise<() => Promise<void>> {
    const members: Member[] = [];
    for (let i = 0; i < 3; i++) members.push(await joinRoom(scene.relay));
    let isOver = false;
    const sending = members.map(async (member, which) => {
      for (let i = 0; !isOver; i++) {
        const lines = Array.from(
          { length: 20 },
          (_, j) => `${i * 20 + j} ${'x'.repeat((i * 7 + which) % 300)}`,
        );
        if (!member.near.write(joinLines(lines)))
          await new Promise((resolve) => member.near.once('drain', resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    return async () => {
      isOver = true;
      await Promise.all(sending);
      for (const member of members) {
        member.end();
        await scene.wire.until(leftNotice(member.id));
      }
    };
  }

  for (const format of ['wire', 'text', 'json'] as const) {
    it(`keeps every line once and whole under load (${format})`, async () => {
      const scene = await AuditScene.open(join(await folder({}), 'audit'), format);
      const stop = await load(scene);
      const old = Array.from({ length: 5 }, (_, i) => `${scene.path}.${i}`);
      for (const path of old) {
        await eventually('something to be written', async () => (await size(scene.path)) > 50_000);
        await rename(scene.path, path);
        await scene.audit.reopen();
      }
      await stop();
      await scene.close();
      const files = await Promise.all([...old, scene.path].map((path) => readFile(path)));
      for (const file of files) expect(file.at(-1)).to.equal(0x0a);
      const wire =
        format === 'json'
          ? toWire(files.flatMap((file) => recordsOf(file)))
          : Buffer.from(format === 'text' ? stripTimes(String(Buffer.concat(files))) : Buffer.concat(files));
      expect(wire.equals(scene.wire.bytes)).to.equal(true);
      if (format !== 'json') return;
      for (const file of files) {
        const { isComplete, summary } = await verify(file);
        expect(summary).to.match(/^complete: .* closed$/);
        expect(isComplete).to.equal(true);
      }
      expect(scene.warnings).to.deep.equal([]);
    });
  }

  it('closes the old file and creates the new one at once if nothing is sent', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'), 'json');
    await scene.visit('one');
    await eventually('the line', async () => (await read(scene.path)).includes('left'));
    await rename(scene.path, `${scene.path}.1`);
    await scene.audit.reopen();
    expect(events(await read(`${scene.path}.1`))).to.equal('arrived line left closed');
    expect((await stat(scene.path)).mode & 0o777).to.equal(0o600);
    await scene.visit('two');
    await scene.close();
    expect(recordsOf(await read(scene.path)).map(({ seq, event }) => `${seq} ${event}`)).to.deep.equal([
      '0 arrived',
      '1 line',
      '2 left',
      '3 closed',
    ]);
  });

  it('does nothing if the path is still the same file', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'), 'json');
    await scene.visit('one');
    await Promise.all([scene.audit.reopen(), scene.audit.reopen()]);
    await scene.visit('two');
    await scene.close();
    expect(events(await read(scene.path))).to.equal('arrived line left arrived line left closed');
  });

  it('continues with the open file, and warns, if the path cannot be opened', async () => {
    const scene = await AuditScene.open(join(await folder({}), 'audit'), 'wire');
    await scene.visit('one');
    await rename(scene.path, `${scene.path}.1`);
    await mkdir(scene.path);
    await scene.audit.reopen();
    await scene.visit('two');
    await scene.close();
    expect(await read(`${scene.path}.1`)).to.contain(relayed(1, 'two'));
    expect(scene.warnings).to.have.length(1);
    expect(scene.warnings[0]).to.match(
      /audit: cannot be reopened \(.* is a directory; name a file in it\); continuing with the file that is open$/,
    );
  });
});

describe('auditTo() with a path that is not a file', () => {
  async function makeFifo(): Promise<string> {
    const path = join(await folder({}), 'fifo');
    spawnSync('mkfifo', [path]);
    return path;
  }

  /** Opens a FIFO for reading; the returned functions read what is in it, and close it. */
  function openReader(path: string) {
    let fd: number | undefined = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const inbox: Buffer[] = [];
    const close = (): void => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    };
    addCleanup(close);
    const text = (): string => {
      const bytes = Buffer.alloc(64 * 1024);
      try {
        for (let length = 1; length > 0 && fd !== undefined; ) {
          length = readSync(fd, bytes);
          inbox.push(Buffer.from(bytes.subarray(0, length)));
        }
      } catch {
        // EAGAIN: nothing more is there for now.
      }
      return Buffer.concat(inbox).toString();
    };
    return { text, close };
  }

  it('keeps everything for a FIFO until it has a reader, and the room continues meanwhile', async () => {
    const scene = await AuditScene.open(await makeFifo(), 'wire');
    await scene.visit(...Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(300, 'x')));
    await eventually('a warning', () => scene.warnings.length === 1);
    expect(scene.warnings[0]).to.match(/fifo: write failed \(the FIFO has no reader\); retrying$/);
    const reader = openReader(scene.path);
    await eventually('everything', () => reader.text() === scene.wire.text);
    expect(scene.warnings[1]).to.match(/fifo: writing again$/);
    await scene.close();
  });

  it('warns at the end how much is missing for a FIFO without a reader', async () => {
    const scene = await AuditScene.open(await makeFifo());
    await scene.visit('hello');
    await scene.end();
    const bytes = scene.wire.bytes.length;
    expect(scene.warnings.at(-1)).to.match(
      new RegExp(`fifo: incomplete: the last ${bytes} bytes of messages are missing$`),
    );
  });

  it('moves from a FIFO without a reader to a file on reopen(), and nothing is missing', async () => {
    const scene = await AuditScene.open(await makeFifo(), 'wire');
    await scene.visit('one');
    await eventually('a warning', () => scene.warnings.length === 1);
    await rename(scene.path, `${scene.path}.1`);
    await scene.audit.reopen();
    await scene.visit('two');
    await scene.close();
    expect(await read(scene.path)).to.equal(scene.wire.text);
  });

  it('gives up a FIFO whose reader has closed it, and records the gap after reopen()', async () => {
    const scene = await AuditScene.open(await makeFifo(), 'json');
    const first = openReader(scene.path);
    await scene.visit('one');
    await eventually('the first line', () => first.text().includes('left'));
    const delivered = scene.wire.bytes.length;
    first.close();
    await scene.visit('two');
    await eventually('the failed write', () => scene.warnings.at(-1)?.includes('EPIPE') === true);
    expect(scene.warnings.at(-1)).to.match(
      /fifo: write failed \(write EPIPE\); nothing more is written to it$/,
    );
    await scene.visit('three');
    const second = openReader(scene.path);
    await scene.audit.reopen();
    await scene.visit('four');
    await eventually('the last line', () => second.text().includes('"left","client":3'));
    const text = second.text();
    const rest = scene.wire.bytes.subarray(delivered);
    const { end, missing } = account('json', [Buffer.from(text)], rest);
    expect([end, missing]).to.deep.equal([rest.length, rest.length - toWire(recordsOf(text)).length]);
    expect(recordsOf(text)[0]?.event).to.equal('gap');
    await scene.close();
  });

  it('retries /dev/full, and warns at the end how much is missing', async () => {
    const scene = await AuditScene.open('/dev/full');
    await scene.visit('hello');
    await eventually('a warning', () => scene.warnings.length === 1);
    expect(scene.warnings[0]).to.match(/^\/dev\/full: write failed \(ENOSPC.*\); retrying$/);
    await scene.end();
    expect(scene.warnings).to.have.length(2);
    expect(scene.warnings[1]).to.match(/incomplete: the last \d+ bytes of messages are missing$/);
  });
});
