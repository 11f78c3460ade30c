import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { folder, pair, SHOUT } from '../support/modules.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

describe('command with transforms', () => {
  it('applies modules and built-ins in the given order', async () => {
    const cwd = await folder({ 'shout.mjs': `export default (message) => ${SHOUT};` });
    const args = ['-t', './shout.mjs', '-t', 'filter=drop:SECRET', '--transform', 'log'];
    const [a, b, server] = await pair(args, cwd);
    await b.send('a secret\nhello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'HELLO'));
    await server.stderr.until('client 1: HELLO\n');
    expect(server.stderr.text).to.match(/^\S+Z server: client 0 just arrived\n/);
    expect(server.stderr.text.toLowerCase()).to.not.include('secret');
    const other = await pair(['-t', 'filter=drop:SECRET', '-t', './shout.mjs'], cwd);
    await other[1].send('secret\nSECRET\n');
    await other[0].receives(arrivedNotice(1), relayed(1, 'SECRET'));
  });

  it('accepts every built-in, with options as text and as JSON', async () => {
    const args = [
      ...[
        '-t',
        'no-http',
        '-t',
        'filter={"drop":"^\\\\d"}',
        '-t',
        'replace=pattern:/[=,:]+/,with:" x:1,y:2"',
      ],
      ...['-t', 'rate=lines:0.001,burst:2,excess:drop', '-t', 'escape', '-t', 'log'],
      ...['-t', 'timestamp=format:time'],
    ];
    const [a, b, server] = await pair(args);
    await b.send('1\nfor=,:\n\x1b[2J\nin excess\n');
    b.end();
    await a.until(leftNotice(1));
    expect(a.received.toString().replaceAll(/\d\d:\d\d:\d\d /g, '')).to.equal(
      arrivedNotice(1) + relayed(1, 'for x:1,y:2', '\\x1b[2J') + leftNotice(1),
    );
    await server.stderr.until('client 1 just left\n');
  });

  it('loads a package that is installed in the current directory', async () => {
    const cwd = await folder({
      'node_modules/@scope/pkg/package.json': '{ "exports": { "./sub": { "import": "./sub.mjs" } } }',
      'node_modules/@scope/pkg/sub.mjs': `export default (message, client, { end }) =>
        message.kind === 'line' ? { ...message, text: message.text + end } : message;`,
    });
    const [a, b] = await pair(['-t', '@scope/pkg/sub=end:!'], cwd);
    await b.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'hello!'));
  });

  it('refuses a web page that posts to its port', async () => {
    const [a, b, server] = await pair(['--verbose', '-t', 'no-http']);
    await b.send('POST / HTTP/1.1\r\nHost: localhost:4242\r\n\r\nclient 0: I give up\n');
    await b.ended;
    const c = await connectAs(server, 2, a);
    await c.send('hello\n');
    await a.receives(arrivedNotice(1), leftNotice(1), arrivedNotice(2), relayed(2, 'hello'));
    await server.stderr.until('transform 1 refused client 1: no-http: its first line is an HTTP request\n');
  });

  it('logs to a file as JSON', async () => {
    const cwd = await folder({});
    const [a, b, server] = await pair(['-t', 'log=to:room.log'], cwd);
    await b.send(Buffer.from('hello \xff\n', 'latin1'));
    await a.receives(arrivedNotice(1), Buffer.from('client 1: hello \xff\n', 'latin1'));
    const file = join(cwd, 'room.log');
    await eventually('the line in the log', async () => (await readFile(file, 'utf8')).includes('hello'));
    const [first = '', , third = ''] = (await readFile(file, 'utf8')).split('\n');
    expect(JSON.parse(first)).to.include({ kind: 'arrived', client: 0 });
    expect(JSON.parse(third)).to.include({ kind: 'line', client: 1, text: 'hello \ufffd' });
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    await server.stop();
    expect(server.stderr.text).to.equal('');
  });

  it('keeps relaying when the reader of its log has closed standard error', async () => {
    const [a, b, server] = await pair(['-t', 'log']);
    await server.stderr.until('client 1 just arrived\n');
    server.process.stderr?.destroy();
    for (const line of ['1', '2', '3']) {
      await b.send(`${line}\n`);
      await a.until(relayed(1, line));
    }
    expect((await connectAs(server, 2, a)).received.toString()).to.equal('');
  });
});
