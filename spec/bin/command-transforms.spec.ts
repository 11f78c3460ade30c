import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { arrive } from '../support/client.js';
import { startServer } from '../support/command.js';
import { folder, pair, SHOUT } from '../support/modules.js';
import { eventually } from '../support/waiting.js';
import { arrived, left, said } from '../support/wire.js';

describe('command: transforms', () => {
  it('applies modules and built-ins in the order given', async () => {
    const cwd = await folder({ 'shout.mjs': `export default (message) => ${SHOUT};` });
    const args = ['-t', './shout.mjs', '-t', 'filter=drop:SECRET', '--transform', 'log'];
    const [a, b, server] = await pair(args, cwd);
    await b.send('a secret\nhello\n');
    await a.hears(arrived(1), said(1, 'HELLO'));
    await server.stderr.until('client 1: HELLO\n');
    expect(server.stderr.text).to.match(/^\S+Z server: client 0 just arrived\n/);
    expect(server.stderr.text.toLowerCase()).to.not.include('secret');
    const other = await pair(['-t', 'filter=drop:SECRET', '-t', './shout.mjs'], cwd);
    await other[1].send('secret\nSECRET\n');
    await other[0].hears(arrived(1), said(1, 'SECRET'));
  });

  it('loads a package that is installed where it was started', async () => {
    const cwd = await folder({
      'node_modules/@scope/pkg/package.json': '{ "exports": { "./sub": { "import": "./sub.mjs" } } }',
      'node_modules/@scope/pkg/sub.mjs': `export default ({ end }) => (message) =>
        message.kind === 'line' ? { ...message, text: message.text + end } : message;`,
    });
    const [a, b] = await pair(['-t', '@scope/pkg/sub=end:!'], cwd);
    await b.send('hello\n');
    await a.hears(arrived(1), said(1, 'hello!'));
  });

  const streams: [given: Record<string, string>, seen: string][] = [
    [{}, 'undefined'],
    [{ READABLE_STREAM: 'mine' }, 'mine'],
  ];
  for (const [given, seen] of streams) {
    it(`leaves ${seen === 'mine' ? 'READABLE_STREAM as it is' : 'no READABLE_STREAM behind'}`, async () => {
      const cwd = await folder({
        'tell.mjs':
          'export default () => (message) => message; console.error(process.env.READABLE_STREAM + "!");',
      });
      const server = await startServer({ args: ['-t', join(cwd, 'tell.mjs')], env: given });
      await server.stderr.until(`${seen}!\n`);
    });
  }

  const lines = ['hello', 'a secret', 'for=,:', '\x1b[2J'];
  const builtIns: [spec: string, ...heard: string[]][] = [
    ['filter=drop:secret', 'hello', 'for=,:', '\x1b[2J'],
    ['filter=drop=secret', 'hello', 'for=,:', '\x1b[2J'],
    ['filter=keep:/HEL{1,2}O/i', 'hello'],
    ['filter=drop:"=,:",keep:o', 'hello'],
    ['filter={"drop":"^\\\\w"}', '\x1b[2J'],
    ['filter=dropClient:0,2', ...lines],
    ['replace=pattern:secret,with:s*****', 'hello', 'a s*****', 'for=,:', '\x1b[2J'],
    ['replace=pattern:/[=,:]+/,with:" x:1,y:2"', 'hello', 'a secret', 'for x:1,y:2', '\x1b[2J'],
    ['escape', 'hello', 'a secret', 'for=,:', '\\x1b[2J'],
    ['no-http', ...lines],
    ['rate=lines:1000', ...lines],
    ['rate=lines:0.001,burst:2,excess:drop', 'hello', 'a secret'],
  ];
  for (const [spec, ...heard] of builtIns) {
    it(`knows ${spec}`, async () => {
      const [a, b] = await pair(['-t', spec]);
      await b.send(lines.map((line) => `${line}\n`).join(''));
      b.end();
      await a.hears(arrived(1), said(1, ...heard), left(1));
    });
  }

  it('knows timestamp', async () => {
    const [a, b] = await pair(['-t', 'timestamp=format:time']);
    await b.send('hello\n');
    await a.until((bytes) => /client 1: \d\d:\d\d:\d\d hello\n$/.test(bytes.toString()));
  });

  it('leaves bytes alone that no transform changes', async () => {
    const [a, b] = await pair(['-t', 'filter=drop:secret', '-t', 'no-http']);
    await b.send(Buffer.from([0xff, 0x00, 0x1b, 0x0d, 0x0a]));
    await a.hears(arrived(1), 'client 1: ', Buffer.from([0xff, 0x00, 0x1b, 0x0d, 0x0a]));
  });

  it('refuses a web page that posts to it', async () => {
    const [a, b, server] = await pair(['--verbose', '-t', 'no-http']);
    await b.send('POST / HTTP/1.1\r\nHost: localhost:4242\r\n\r\nclient 0: I give up\n');
    await b.ended;
    const c = await arrive(server, 2, a);
    await c.send('hello\n');
    await a.hears(arrived(1), left(1), arrived(2), said(2, 'hello'));
    await server.stderr.until('transform 1 refused client 1: no-http: its first line is an HTTP request\n');
  });

  it('logs to a file, as JSON', async () => {
    const cwd = await folder({});
    const [a, b, server] = await pair(['-t', 'log=to:room.log'], cwd);
    await b.send('hello\n');
    await a.until(said(1, 'hello'));
    const file = join(cwd, 'room.log');
    await eventually('the log', async () => (await readFile(file, 'utf8')).includes('hello'));
    const [first = '', , third = ''] = (await readFile(file, 'utf8')).split('\n');
    expect(JSON.parse(first)).to.include({ kind: 'arrived', client: 0 });
    expect(JSON.parse(third)).to.include({ kind: 'line', client: 1, text: 'hello' });
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await server.stop();
    expect(server.stderr.text).to.equal('');
  });

  it('lives when nobody reads its log any more', async () => {
    const [a, b, server] = await pair(['-t', 'log']);
    await server.stderr.until('client 1 just arrived\n');
    server.process.stderr?.destroy();
    for (const line of ['1', '2', '3']) {
      await b.send(`${line}\n`);
      await a.until(said(1, line));
    }
    expect((await arrive(server, 2, a)).received.toString()).to.equal('');
  });
});
