import { appendFileSync, chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { recordsOf } from '../support/audit.js';
import { addCleanup } from '../support/cleanup.js';
import { connect, connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { textOf } from '../support/files.js';
import { Inbox } from '../support/inbox.js';
import { folder } from '../support/modules.js';
import { useNats } from '../support/nats.js';
import { isAlive } from '../support/proc.js';
import { type Program, startProgram } from '../support/program.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));

/** Starts an example, and waits until it has printed this many ports. */
async function start(name: string, args: string[], count = 1): Promise<Program & { ports: number[] }> {
  const program = startProgram(process.execPath, [join(EXAMPLES, name), ...args]);
  const ports = (): number[] =>
    [...program.output.text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  await program.output.until(() => ports().length >= count);
  return { ...program, ports: ports() };
}

/** Prepares a command `ssh` that runs the command in a folder of this machine. */
async function fakeSsh() {
  const dir = await folder({
    'bin/ssh': '#!/bin/sh\necho "$$" >> "$DIR/pids"\ncd "$DIR/elsewhere"; shift; exec sh -c "exec $*"\n',
    'elsewhere/README': '',
    pids: '',
  });
  chmodSync(join(dir, 'bin/ssh'), 0o755);
  const env = { ...process.env, DIR: dir, PATH: `${dir}/bin:${process.env.PATH}`, RETRY_SECONDS: '0.1' };
  const lastConnection = (): number => Number(textOf(join(dir, 'pids')).trim().split('\n').at(-1));
  return { dir, env, lastConnection };
}

/** A WebSocket client, as a page in a browser is. */
function browse(port: number, origin?: string): { socket: WebSocket; received: Inbox } {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, origin === undefined ? {} : { origin });
  addCleanup(() => socket.terminate());
  const received = new Inbox();
  socket.on('message', (data: Buffer) => received.push(data));
  socket.on('error', ({ message }) => received.push(Buffer.from(`error: ${message}`)));
  return { socket, received };
}

describe('examples/', () => {
  it('lists all examples in its README, each of which says how to run it', () => {
    const listed = [...textOf(join(EXAMPLES, 'README.md')).matchAll(/\]\((\w[^)]*)\)/g)].map(
      ([, path]) => path,
    );
    expect(listed).to.include.members(readdirSync(EXAMPLES).filter((name) => name !== 'README.md'));
    for (const name of readdirSync(EXAMPLES).filter((file) => /\.(mjs|sh|py)$/.test(file))) {
      expect(textOf(join(EXAMPLES, name)).split('\n\n')[0], name).to.match(
        /^(#!.*\n)?(\/\/|#) [\s\S]*\bexamples\//,
      );
    }
  });

  it('log-and-filter.mjs drops lines with a password and logs the rest', async () => {
    const file = join(await folder({}), 'log');
    const { ports } = await start('log-and-filter.mjs', ['0', file]);
    const [port = 0] = ports;
    const a = await connect({ port });
    const b = await connect({ port });
    await a.until(arrivedNotice(1));
    await a.send('my password is 1234\nhello\n');
    await b.receives(relayed(0, 'hello'));
    await eventually('the line in the log', () => textOf(file).includes('hello'));
    expect(textOf(file)).not.to.include('password');
  });

  it('bot.mjs welcomes clients and answers them, but not itself', async () => {
    const { ports } = await start('bot.mjs', ['0']);
    const a = await connect({ port: ports[0] ?? 0 });
    await a.until(relayed(0, 'welcome, client 1'));
    await a.send('!time\nnot !time\n');
    await a.until((bytes) => /^client 0: client 1, it is \d{4}-\S+Z\n$/m.test(bytes.toString()));
    const b = await connect({ port: ports[0] ?? 0 });
    await b.until(relayed(0, 'welcome, client 2'));
    expect(a.inbox.text.match(/it is/g)).to.have.length(1);
  });

  it('websocket-bridge.mjs has browsers and TCP clients in one room', async () => {
    const { ports } = await start('websocket-bridge.mjs', ['0', '0'], 2);
    const [port = 0, httpPort = 0] = ports;
    const a = await connect({ port });
    // Connections to different ports are accepted in any order.
    await connectAs({ port }, 1, a);
    const { socket, received } = browse(httpPort, `http://127.0.0.1:${httpPort}`);
    await a.until(arrivedNotice(2));
    socket.send('hello from a browser\n');
    await a.until(relayed(2, 'hello from a browser'));
    await a.send('hello, browser: é\n');
    await received.until(relayed(0, 'hello, browser: é'));
    socket.close();
    await a.until(leftNotice(2));
  });

  it('websocket-bridge.mjs serves a page to its own origin only', async () => {
    const { ports } = await start('websocket-bridge.mjs', ['0', '0'], 2);
    const [, httpPort = 0] = ports;
    expect(await (await fetch(`http://127.0.0.1:${httpPort}`)).text()).to.include('new WebSocket(');
    for (const origin of ['http://example.com', `http://example.com:${httpPort}`, 'null']) {
      const { received } = browse(httpPort, origin);
      await received.until('error: Unexpected server response: 401');
    }
  });

  it('ship-audit.sh continues after the connection breaks, and nothing is missing or repeated', async () => {
    const { dir, env, lastConnection } = await fakeSsh();
    const audit = join(dir, 'audit.json');
    const server = await startServer({ args: ['--audit', audit, '--audit-format', 'json'] });
    const client = await connectAs(server);
    const { output } = startProgram(
      'sh',
      [join(EXAMPLES, 'ship-audit.sh'), audit, 'audit@elsewhere', 'copy'],
      { env },
    );
    const copy = (): string => textOf(join(dir, 'elsewhere/copy'));
    for (let i = 0; i < 3; i++) {
      await client.send(`line ${i}\n`);
      await eventually('the line', () => copy().includes(`line ${i}`));
      const connection = lastConnection();
      process.kill(connection, 'SIGKILL');
      await eventually('the end of the connection', () => !isAlive(connection));
      // `tail` may notice only when it writes after that.
      await client.send(`outage ${i}\n`);
      await output.untilCount('trying again', i + 1);
    }
    await client.send('end\n');
    await eventually('the end', () => copy().includes('"text":"end"'));
    await server.stop();
    await eventually('all records', () => copy() === textOf(audit));
    expect(recordsOf(copy()).map(({ seq }) => seq)).to.deep.equal([...recordsOf(copy()).keys()]);
  });

  it('ship-audit.sh leaves no connection behind when it is ended', async () => {
    const { dir, env, lastConnection } = await fakeSsh();
    const audit = join(dir, 'audit.json');
    writeFileSync(audit, 'one\n');
    const { child } = startProgram(
      'sh',
      [join(EXAMPLES, 'ship-audit.sh'), audit, 'audit@elsewhere', 'copy'],
      {
        env,
      },
    );
    await eventually('the line', () => textOf(join(dir, 'elsewhere/copy')) === 'one\n');
    const connection = lastConnection();
    addCleanup(() => {
      if (isAlive(connection)) process.kill(connection, 'SIGKILL');
      // The next line ends `tail`.
      appendFileSync(audit, 'two\n');
    });
    child.kill('SIGTERM');
    await eventually('the end of the connection', () => !isAlive(connection));
  });
});

describeWith('nats-server', 'examples/ over NATS', () => {
  const nats = useNats();

  it('nats-two-ports.mjs has one room on two ports', async () => {
    const { ports } = await start(
      'nats-two-ports.mjs',
      [`nats://127.0.0.1:${nats().port}/lobby`, '0', '0'],
      2,
    );
    const [first = 0, second = 0] = ports;
    const a = await connect({ port: first });
    const b = await connect({ port: second });
    // Either may be the first in the room, and only the first is notified of the other.
    await eventually('an arrival', () => [a, b].some(({ received }) => received.includes('just arrived\n')));
    await b.send('hello from the other port\n');
    await a.until('hello from the other port\n');
  });
});
