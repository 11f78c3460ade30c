import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join as path } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { expect } from 'chai';
import { filter, type LogOptions, log } from '../../../lib/index.js';
import { folder } from '../../support/modules.js';
import { life, pass, thrown } from '../../support/pass.js';
import { createTestRelay, join } from '../../support/room.js';
import { eventually } from '../../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

const now = () => Date.UTC(2026, 0, 31, 12, 34, 56, 789);
const TIME = '2026-01-31T12:34:56.789Z';

/** The content of a log after a client has sent these lines. */
async function logged(options: Omit<LogOptions, 'to'>, ...lines: string[]): Promise<string> {
  const to = new PassThrough();
  const messages = life(lines, 3);
  expect(await pass(log({ to, now, ...options }), messages, 3)).to.deep.equal(messages);
  return String(to.read() ?? '');
}

describe('transform log', () => {
  it('writes a JSON object for each message by default', async () => {
    const lines = (await logged({}, 'a "b"\x1b')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).to.deep.equal([
      { time: TIME, kind: 'arrived', client: 3 },
      { time: TIME, kind: 'line', client: 3, text: 'a "b"\x1b' },
      { time: TIME, kind: 'left', client: 3 },
    ]);
    expect(await logged({ format: 'json' }, 'x')).to.equal(await logged({}, 'x'));
  });

  it('writes readable text with visible control characters (format text)', async () => {
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

  it('writes each line of a text with newlines with its time and client (format text)', async () => {
    const forged = `hi\n${TIME} server: client 1 just left`;
    expect(await logged({ format: 'text' }, forged)).to.include(
      `${TIME} client 3: hi\n${TIME} client 3: ${TIME} server: client 1 just left\n`,
    );
  });

  it('escapes what cannot be seen in JSON, without changing its meaning', async () => {
    const text = 'a\u200b\u{e0041}\u009b\u2028b';
    const json = await logged({}, text);
    expect(json)
      .to.match(/^[\x20-\x7e\n]+$/)
      .and.include('a\\u200b\\udb40\\udc41\\u009b\\u2028b');
    expect(JSON.parse(json.split('\n')[1] ?? '')).to.include({ text });
  });

  it('writes what a format function returns', async () => {
    expect(await logged({ format: ({ kind }) => kind }, 'x')).to.equal('arrived\nline\nleft\n');
  });

  it('writes only the messages that reach its place in the chain', async () => {
    const to = new PassThrough();
    const transforms = [
      filter({ drop: /secret/ }),
      log({ to, format: (m) => ('text' in m ? m.text : m.kind) }),
    ];
    const relay = createTestRelay({ transforms });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('secret\nhello\n');
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, 'hello'), leftNotice(1));
    expect(String(to.read())).to.equal('arrived\narrived\nhello\nleft\n');
  });

  it('appends to a file with mode 0600', async () => {
    const to = path(await folder({}), 'room=1.log');
    await pass(log({ to, format: 'text', now }), life(['one']));
    await eventually('the first log', async () => (await readFile(to, 'utf8')).endsWith('left\n'));
    await pass(log({ to, format: ({ kind }) => kind }), life(['two']));
    await eventually('the second log', async () =>
      (await readFile(to, 'utf8')).endsWith('arrived\nline\nleft\n'),
    );
    expect(await readFile(to, 'utf8')).to.equal(
      `${TIME} server: client 0 just arrived\n${TIME} client 0: one\n${TIME} server: client 0 just left\narrived\nline\nleft\n`,
    );
    expect((await stat(to)).mode & 0o777).to.equal(0o600);
  });

  it('delays senders while the log is slow, and loses nothing', async () => {
    const chunks: string[] = [];
    let finishWrite = (): void => {};
    const to = new Writable({
      highWaterMark: 1,
      write(chunk, _encoding, callback) {
        chunks.push(String(chunk));
        finishWrite = callback;
      },
    });
    const relay = createTestRelay({
      transforms: [log({ to, format: (m) => ('text' in m ? m.text : m.kind) })],
    });
    const a = await join(relay);
    a.send('1\n2\n3\n');
    a.end();
    await eventually('a pending message', () => relay.stats().pendingTransforms.has(0));
    for (let next = 1; next <= 5; next++) {
      await eventually(`write ${next}`, () => chunks.length >= next);
      finishWrite();
    }
    await a.ended;
    expect(chunks.join('')).to.equal('arrived\n1\n2\n3\nleft\n');
  });

  it('passes messages on after its stream has failed', async () => {
    const to = new Writable({ write: (_chunk, _encoding, callback) => callback(new Error('full')) });
    to.on('error', () => {});
    const relay = createTestRelay({ transforms: [log({ to })] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'hello'));
  });

  it('rejects invalid options before there is a client', async () => {
    const nowhere = path(await folder({}), 'no', 'such', 'file');
    expect(thrown(() => log({ to: nowhere }))).to.match(
      /^transform log: to: expected a file that can be written to \(ENOENT.*\), got '/,
    );
    expect(thrown(() => log({ to: '' }))).to.match(
      /to: expected stderr, the path of a file, or a stream, got ''$/,
    );
    expect(thrown(() => log({ to: {} as never }))).to.match(/to: expected stderr, .*, got \{\}$/);
    expect(thrown(() => log({ format: 'xml' as 'json' }))).to.match(
      /format: expected text or json, got 'xml'$/,
    );
    expect(thrown(() => log({ now: 'now' as never }))).to.match(
      /now: expected a function that returns milliseconds, got 'now'$/,
    );
    expect(thrown(() => log({ file: 'x' } as never))).to.match(
      /unknown option 'file'; expected to, format, now$/,
    );
  });

  it('rejects a FIFO that has no reader, instead of waiting for one', async function () {
    if (process.platform === 'win32') this.skip();
    const fifo = path(await folder({}), 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(thrown(() => log({ to: fifo }))).to.match(/to: expected a file that can be written to \(ENXIO/);
  });
});
