import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { expect } from 'chai';
import { filter, type LogOptions, log } from '../../../lib/index.js';
import { afterwards } from '../../support/cleanup.js';
import { life, pass, thrown } from '../../support/pass.js';
import { join, room } from '../../support/room.js';
import { eventually } from '../../support/waiting.js';
import { arrived, left, said } from '../../support/wire.js';

const now = () => Date.UTC(2026, 0, 31, 12, 34, 56, 789);
const TIME = '2026-01-31T12:34:56.789Z';

async function directory(): Promise<string> {
  const made = await mkdtemp(path(tmpdir(), 'mini-serv-spec-'));
  afterwards(() => rm(made, { recursive: true }));
  return made;
}

/** What is logged of a client's life with these lines. */
async function logged(options: Omit<LogOptions, 'to'>, ...lines: string[]): Promise<string> {
  const to = new PassThrough();
  const messages = life(lines, 3);
  expect(await pass(log({ to, now, ...options }), messages, 3)).to.deep.equal(messages);
  return String(to.read() ?? '');
}

describe('transform log', () => {
  it('writes an object a line, by default', async () => {
    const lines = (await logged({}, 'a "b"\x1b')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal([
      { time: TIME, kind: 'arrived', client: 3 },
      { time: TIME, kind: 'line', client: 3, text: 'a "b"\x1b' },
      { time: TIME, kind: 'left', client: 3 },
    ]);
    expect(await logged({ format: 'json' }, 'x')).to.equal(await logged({}, 'x'));
  });

  it('writes for people, with control characters made visible', async () => {
    expect(await logged({ format: 'text' }, 'hello\r', '\x1b[2J\n')).to.equal(
      [
        `${TIME} server: client 3 just arrived`,
        `${TIME} client 3: hello\\r`,
        `${TIME} client 3: \\x1b[2J\n`,
        `${TIME} server: client 3 just left`,
        '',
      ].join('\n'),
    );
  });

  it('writes as a function of the caller says', async () => {
    expect(await logged({ format: ({ kind }) => kind }, 'x')).to.equal('arrived\nline\nleft\n');
  });

  it('sees what comes through at its place in the chain', async () => {
    const to = new PassThrough();
    const transforms = [
      filter({ drop: /secret/ }),
      log({ to, format: (m) => ('text' in m ? m.text : m.kind) }),
    ];
    const relay = room({ transforms });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('secret\nhello\n');
    b.end();
    await a.hears(arrived(1), said(1, 'hello'), left(1));
    expect(String(to.read())).to.equal('arrived\narrived\nhello\nleft\n');
  });

  it('appends to a file that only its owner may read', async () => {
    const to = path(await directory(), 'room=1.log');
    await pass(log({ to, format: 'text', now }), life(['one']));
    await eventually('the first', async () => (await readFile(to, 'utf8')).endsWith('left\n'));
    await pass(log({ to, format: ({ kind }) => kind }), life(['two']));
    await eventually('the log', async () => (await readFile(to, 'utf8')).endsWith('arrived\nline\nleft\n'));
    expect(await readFile(to, 'utf8')).to.equal(
      `${TIME} server: client 0 just arrived\n${TIME} client 0: one\n${TIME} server: client 0 just left\narrived\nline\nleft\n`,
    );
    expect((await stat(to)).mode & 0o777).to.equal(0o600);
  });

  it('makes those who speak wait for a slow log, and loses nothing', async () => {
    const chunks: string[] = [];
    let go = (): void => {};
    const to = new Writable({
      highWaterMark: 1,
      write(chunk, _encoding, callback) {
        chunks.push(String(chunk));
        go = callback;
      },
    });
    const relay = room({ transforms: [log({ to, format: (m) => ('text' in m ? m.text : m.kind) })] });
    const a = await join(relay);
    a.send('1\n2\n3\n');
    a.end();
    await eventually('a message that waits', () => relay.stats().pendingTransforms.has(0));
    for (let next = 1; next <= 5; next++) {
      await eventually(`write ${next}`, () => chunks.length >= next);
      go();
    }
    await a.ended;
    expect(chunks.join('')).to.equal('arrived\n1\n2\n3\nleft\n');
  });

  it('is given up when its stream has failed, and the room goes on', async () => {
    const to = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('full')) });
    to.on('error', () => {});
    const relay = room({ transforms: [log({ to })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hello\n');
    await a.hears(arrived(1), said(1, 'hello'));
  });

  it('refuses options that it cannot use, before there are clients', async () => {
    const nowhere = path(await directory(), 'no', 'such', 'file');
    expect(thrown(() => log({ to: nowhere }))).to.match(
      /log: to must be a file that can be written .*ENOENT/,
    );
    expect(thrown(() => log({ to: '' }))).to.match(/to must be stderr, the path of a file, or a stream/);
    expect(thrown(() => log({ to: {} as never }))).to.match(/to must be/);
    expect(thrown(() => log({ format: 'xml' as 'json' }))).to.match(
      /format must be text or json, and is 'xml'/,
    );
    expect(thrown(() => log({ now: 'now' as never }))).to.match(/now must be a function/);
    expect(thrown(() => log({ file: 'x' } as never))).to.match(/no option 'file', only to, format, now/);
  });

  it('does not wait for the reader of a FIFO', async function () {
    if (process.platform === 'win32') this.skip();
    const fifo = path(await directory(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(thrown(() => log({ to: fifo }))).to.match(/to must be a file that can be written to \(ENXIO/);
  });
});
