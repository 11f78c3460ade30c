import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { addCleanup } from '../../support/cleanup.js';
import { connectAs } from '../../support/client.js';
import { runCommand, shell, startServer } from '../../support/command.js';
import { folder } from '../../support/modules.js';
import { freePort } from '../../support/ports.js';
import { openDescriptors } from '../../support/proc.js';
import { itWith } from '../../support/tools.js';
import { within } from '../../support/waiting.js';
import {
  exchange,
  joinAsPage,
  openFeed,
  openRaw,
  requestText,
  type WebPort,
  webPortOfCommand,
} from '../../support/web.js';
import { arrivedNotice, relayed } from '../../support/wire.js';

async function busyPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  addCleanup(() => void server.close());
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

const statusOf = async (web: WebPort, path: string): Promise<string> =>
  (await exchange(web, requestText(web, `GET ${path}`))).slice(9, 12);

describe('mini-serv --web <port>', () => {
  it('prints the address of the page once, and lets pages and TCP clients talk until SIGTERM', async () => {
    const pidFile = join(await folder({}), 'pid');
    const server = await startServer({ args: ['--web', '0', '--pid-file', pidFile] });
    const web = await webPortOfCommand(server);
    expect(server.stderr.text).to.match(/^mini-serv: web page: http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}\n$/);
    expect(readFileSync(pidFile, 'utf8')).to.equal(`${server.process.pid}\n`);
    const feed = await openFeed(web);
    const a = await connectAs(server);
    await feed.inbox.until(arrivedNotice(0));
    const page = await joinAsPage(web);
    a.socket.write('hello\n');
    page.socket.send('hi\n');
    await page.inbox.until(relayed(0, 'hello'));
    await a.receives(arrivedNotice(1), relayed(1, 'hi'));
    await feed.inbox.until(relayed(1, 'hi'));
    expect(await statusOf(web, '/')).to.equal('200');
    expect(await statusOf(web, '/metrics')).to.equal('200');
    const idle = openRaw(web, 'GET / HTTP/1.1\r\n');
    await within(once(idle.socket, 'connect'), 'a connection');
    server.kill();
    a.end();
    expect(await within(server.exited, 'the end of the server')).to.deep.equal({ code: 0, signal: null });
    expect(await within(page.closed, 'the close of the page')).to.equal(1001);
    expect(await within(feed.closed, 'the close of the feed')).to.equal(1001);
    await within(idle.closed, 'the end of a request that was not complete');
    expect(server.stderr.text.match(/#/g)).to.have.length(1);
  });

  it('listens on 127.0.0.1 only, at the port that was given', async () => {
    const port = await freePort();
    const server = await startServer({ args: [`--web=${port}`, '--verbose'] });
    const web = await webPortOfCommand(server);
    expect(web.port).to.equal(port);
    const other = createServer().listen(port, '127.0.0.2');
    addCleanup(() => void other.close());
    await within(once(other, 'listening'), 'the same port of another address');
  });

  it('is a fatal error if its port is not available, before a client is accepted', async () => {
    const [port, web] = [await freePort(), await busyPort()];
    const args = ['--web', String(web), String(port)];
    expect(await runCommand(args)).to.deep.include({ code: 1, stdout: '', stderr: 'Fatal error\n' });
    const { code, stderr } = await runCommand(['--verbose', ...args]);
    expect(code).to.equal(1);
    expect(stderr).to.match(
      new RegExp(
        `^Fatal error\nmini-serv: cannot listen on 127\\.0\\.0\\.1:${web}: the port is in use.*; ` +
          'select another port with --web, or a free one with --web 0\n$',
      ),
    );
  });

  it('closes its port if the port of the relay is not available', async () => {
    const [port, web] = [await busyPort(), await freePort()];
    const { code, stderr } = await runCommand(['--verbose', '--web', String(web), String(port)]);
    expect(code).to.equal(1);
    expect(stderr)
      .to.match(new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: `))
      .and.not.include('web page');
  });

  it('rejects a port that is not one, and that of the relay', async () => {
    for (const [value, expected] of [
      ['-1', 'expected a value, got "-1"; if that is the value, write --web=-1'],
      ['65536', 'expected a number from 0 to 65535, got "65536"'],
      ['x', 'expected a number from 0 to 65535, got "x"'],
      ['4242', `expected another port than the relay's, got "4242"`],
    ] as const) {
      const { code, stderr } = await runCommand(['--web', value, '4242']);
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: `--web: ${expected}\n` });
    }
  });

  itWith('proc', 'keeps descriptors for its connections, which TCP clients do not use up', async () => {
    const limited = shell('ulimit -n 128 && exec "$@"');
    const server = await startServer({ args: ['--verbose', '--web', '0'], command: limited });
    const web = await webPortOfCommand(server);
    await server.stderr.until('transforms: none\n');
    const clients = Number(/, (\d+) clients,/.exec(server.stderr.text)?.[1]);
    const plain = await startServer({ args: ['--verbose'], command: limited });
    await plain.stderr.until('transforms: none\n');
    expect(Number(/, (\d+) clients,/.exec(plain.stderr.text)?.[1]) - clients).to.be.within(8, 12);
    const held = Array.from({ length: clients + 10 }, () => openRaw({ ...web, port: server.port }));
    await server.stderr.until('refusing connections');
    expect(await statusOf(web, '/')).to.equal('200');
    const page = await joinAsPage(web);
    page.socket.send('hello\n');
    await held[0]?.inbox.until('hello');
    expect(openDescriptors(server.process.pid)).to.be.below(128);
  });
});
