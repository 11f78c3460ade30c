import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net';
import { expect } from 'chai';
import { addCleanup } from '../../support/cleanup.js';
import { runCommand, serverCommand } from '../../support/command.js';
import { startNats, useNats } from '../../support/nats.js';
import { freePort } from '../../support/ports.js';
import { startProxy } from '../../support/proxy.js';
import { enter, startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';
import { within } from '../../support/waiting.js';

const HINT = 'check the URL and the server, or set a longer --timeout';

async function replay(port: number, ...options: string[]) {
  const url = `nats://127.0.0.1:${port}/lobby`;
  const { stderr, ...rest } = await runCommand(['replay', ...options, url]);
  return { ...rest, stderr: stderr.replaceAll(url, '<url>') };
}

describe('mini-serv replay --timeout', () => {
  it('fails if nothing listens on the port', async () => {
    // Long enough for the first attempt on a slow machine.
    expect(await replay(await freePort(), '--timeout', '2s')).to.deep.equal({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `mini-serv: <url> is unreachable (connection refused); trying again
mini-serv: <url> did not answer within 2s (connection refused); ${HINT}\n`,
    });
  });

  it('fails if a server accepts the connection and never answers', async () => {
    const port = await listen(createServer(() => {}));
    expect(await replay(port, '--timeout', '300ms')).to.deep.include({
      code: 1,
      stderr: `mini-serv: <url> did not answer within 300ms; ${HINT}\n`,
    });
  });

  it('fails if a server greets and then never answers', async () => {
    const info = { server_id: 'x', version: '2.9.10', proto: 1, max_payload: 1048576, headers: true };
    const server = createServer((socket) => {
      socket.write(`INFO ${JSON.stringify(info)}\r\n`);
      // Answers the PING of the handshake, and no request.
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('PING')) socket.write('PONG\r\n');
      });
    });
    const { code, stderr } = await replay(await listen(server), '--timeout', '1s');
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: `mini-serv: <url> did not answer within 1s; ${HINT}\n`,
    });
  });

  it('ends at once on SIGINT while it waits for the server', async () => {
    const server = createServer();
    const port = await listen(server);
    const connected = once(server, 'connection');
    const [file = '', ...args] = [...serverCommand(), 'replay', `nats://127.0.0.1:${port}/lobby`];
    const child = spawn(file, args, { stdio: 'ignore' });
    addCleanup(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    await connected;
    child.kill('SIGINT');
    expect(await within(exited, 'the end of the replay')).to.deep.equal([null, 'SIGINT']);
  });

  it('fails at once, and without waiting for the timeout, if the URL is invalid', async () => {
    const { code, stderr } = await runCommand(['replay', 'lobby']);
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: '<url>: expected nats://host:4222/room, got "lobby"\n',
    });
  });
});

describeWith('nats-server', 'mini-serv replay --timeout with a server', () => {
  const nats = useNats();

  it('fails if the server stops answering between two records, and prints those before', async () => {
    const proxy = await startProxy(nats().port);
    const relay = await startRelay(`${nats().url}/lobby`);
    const client = await enter(relay);
    const line = 'x'.repeat(500_000);
    for (let i = 0; i < 40; i++) await client.send(`${i} ${line}\n`);
    await relay.stdout.until(`39 ${line}\n`);
    const url = `nats://127.0.0.1:${proxy.port}/lobby`;
    const held = proxy.holdAfter(4_000_000);
    const replaying = runCommand(['replay', '--timeout', '2s', url]);
    await within(held, 'a part of the records');
    const { code, stdout, stderr } = await replaying;
    expect(code).to.equal(1);
    expect(stderr).to.contain(`${url} did not answer within 2s; ${HINT}\n`);
    expect(stdout).to.match(/^server: client 0 just arrived\nclient 0: mark/);
  });

  it('names JetStream if the server runs without it', async () => {
    const plain = await startNats({ jetstream: false });
    expect(await replay(plain.port)).to.deep.include({
      code: 1,
      stderr:
        'mini-serv: <url> has no JetStream, which stores rooms; start the server with nats-server -js\n',
    });
  });
});

async function listen(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    addCleanup(() => void socket.destroy());
  });
  addCleanup(() => void server.close());
  return (server.address() as AddressInfo).port;
}
