import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { addCleanup } from '../support/cleanup.js';
import { type Client, connect, connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { textOf } from '../support/files.js';
import { Inbox } from '../support/inbox.js';
import { freePort, isListening } from '../support/ports.js';
import { eventually, within } from '../support/waiting.js';
import { leftNotice, relayed } from '../support/wire.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, never>;
const COMMAND = `"${process.execPath}" "${join(ROOT, 'dist/command/mini-serv.cjs')}"`;

const blocks = (kind: string): string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${kind}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

const modules = new Map(
  blocks('js').map((text) => {
    const [, name = ''] = /^\/\/ (\S+)\n/.exec(text) ?? [];
    return [name, text];
  }),
);
const commands = blocks('sh').flatMap((text) => text.trim().split('\n'));
const QUICK_START = ['npm install && npm start 4242', 'npm install && npm test'];
/** Commands that run here and not in spec/room/nats. */
const LOCAL_COMMANDS = commands
  .slice(QUICK_START.length)
  .filter((line) => line.includes('4242') && !/nats:|join/.test(line));

/** A folder inside the package, so that modules in it can import the package by name. */
function makeFolder(): string {
  const path = mkdtempSync(join(ROOT, 'dist', 'readme-'));
  addCleanup(() => rmSync(path, { recursive: true }));
  for (const [name, text] of modules) writeFileSync(join(path, name), text);
  return path;
}

function start(file: string, args: string[], cwd: string): { child: ChildProcess; output: Inbox } {
  const child = spawn(file, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = new Inbox();
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const closed = once(child, 'close');
  closed.then(() => output.finish()).catch(() => {});
  addCleanup(async () => {
    // The whole process group, because the relay may be the child of a shell.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid);
    await within(closed, 'the end of a snippet');
  });
  return { child, output };
}

/** Starts a module of the README on a free port instead of 4242. */
async function run(name: string): Promise<{ port: number; cwd: string; output: Inbox }> {
  const [cwd, port] = [makeFolder(), await freePort()];
  writeFileSync(join(cwd, name), (modules.get(name) as string).replace('4242', String(port)));
  const { child, output } = start(process.execPath, [name], cwd);
  await eventually('the snippet to listen', () => isListening(port, child.pid) === true);
  return { port, cwd, output };
}

async function connectTwo(port: number): Promise<[Client, Client]> {
  const first = await connect({ port });
  const second = await connect({ port });
  await first.until('client 1 just arrived');
  return [first, second];
}

describe('README.md', () => {
  it('has fewer than 200 lines', () => {
    expect(README.split('\n').length).to.be.below(200);
  });

  it('starts with the command that runs the relay and the command that runs the tests', () => {
    expect(commands.slice(0, 2)).to.deep.equal(QUICK_START);
    expect(PACKAGE.scripts).to.include.keys('start', 'test', 'prepare', 'bench');
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).to.include('npm install && npm test');
  });

  it('names the versions of Node that package.json requires', () => {
    const [, first, second] = /Node ([\d.]+), ([\d.]+) or later/.exec(README) ?? [];
    expect(PACKAGE.engines).to.deep.equal({ node: `^${first} || >=${second}` });
  });

  it('stops the relay of its first command when npm receives SIGTERM', async () => {
    const port = await freePort();
    const { child } = start('npm', ['start', '--silent', String(port)], ROOT);
    await eventually('npm start to listen', () => isListening(port, child.pid) === true);
    if (child.pid === undefined) throw new Error('npm was not started');
    process.kill(child.pid, 'SIGTERM');
    await eventually('the port to be free', () => isListening(port) === false);
  });

  it('contains no snippet that this file does not run', () => {
    expect([...modules.keys()]).to.deep.equal(['shout.mjs', 'compose.mjs']);
    expect(commands.slice(2)).to.deep.equal([
      'mini-serv join 4242',
      'mini-serv --web 8080 4242',
      'mini-serv 4242 > audit.log',
      'mini-serv 4242 | tee audit.log',
      'mini-serv --audit audit.json --audit-format json 4242',
      'mini-serv verify audit.json',
      'mini-serv -t log=to:room.log 4242',
      "mini-serv -t 'filter=drop:/password/i' -t no-http 4242",
      'mini-serv -t ./shout.mjs 4242',
      // Run by spec/docs/rooms.spec.ts.
      'npm install @nats-io/transport-node @nats-io/jetstream',
      'mini-serv --room nats://host:4222/lobby 4242',
    ]);
  });

  it('links only to files that exist', () => {
    const targets = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    expect(targets.filter((path) => !existsSync(join(ROOT, path)))).to.deep.equal([]);
  });

  it('shows a session as clients receive it', async () => {
    const server = await startServer();
    const first = await connectAs(server);
    const second = await connectAs(server, 1, first);
    const third = await connectAs(server, 2, second);
    await first.send('hello\n');
    await second.until(relayed(0, 'hello'));
    await second.send('hi, 0\n');
    await third.until(relayed(1, 'hi, 0'));
    third.end();
    await first.until(leftNotice(2));
    await second.until(leftNotice(2));
    const [session = ''] = blocks('text');
    for (const [column, client] of [first, second, third].entries()) {
      const shown = session
        .split('\n')
        .slice(1)
        .map((line) => line.slice(column * 32, (column + 1) * 32).trimEnd())
        .filter((line) => line !== '' && !line.startsWith('>'));
      expect(client.received.toString()).to.equal(shown.map((line) => `${line}\n`).join(''));
    }
  });

  for (const command of LOCAL_COMMANDS) {
    it(`shows a command that works: ${command}`, async () => {
      const [cwd, port] = [makeFolder(), await freePort()];
      const script = command.replace('mini-serv', command.includes('|') ? COMMAND : `exec ${COMMAND}`);
      const { child } = start('sh', ['-c', script.replace('4242', String(port)).replace('8080', '0')], cwd);
      await eventually('the command to listen', () => isListening(port, child.pid) === true);
      const [first, second] = await connectTwo(port);
      await first.send('my password\nHello\n');
      await second.until(/shout/.test(command) ? relayed(0, 'HELLO') : relayed(0, 'Hello'));
      expect(second.received.includes('my password')).to.equal(!/filter|shout/.test(command));
      const file = /\w+\.(log|json)/.exec(command)?.[0];
      if (file === undefined) return;
      // The command behind a pipe may create the file later.
      const content = (): string => textOf(join(cwd, file));
      await eventually('the line in the file', () => content().includes('Hello'));
      if (file === 'audit.log') expect(content()).to.include(relayed(0, 'my password', 'Hello'));
      if (file === 'audit.json') {
        const { child } = start('sh', ['-c', `exec ${COMMAND} verify audit.json`], cwd);
        const [code] = (await once(child, 'exit')) as [number];
        expect(code).to.equal(0);
      }
    });
  }

  it('shows a command that joins the room', async () => {
    const server = await startServer();
    const [command = ''] = commands.filter((line) => line.includes('join'));
    const script = `echo hello | ${command.replace('mini-serv', COMMAND).replace('4242', String(server.port))}`;
    const first = await connectAs(server);
    start('sh', ['-c', script], makeFolder());
    await first.until(relayed(1, 'hello'));
  });

  it('composes transforms and writes a transcript in compose.mjs', async () => {
    const { port, cwd, output } = await run('compose.mjs');
    const [first, second] = await connectTwo(port);
    await first.send('a secret\nno more\n');
    await second.until(relayed(0, '1. no more'));
    await second.receives(relayed(0, '1. no more'));
    await output.until('client 1 is here\n');
    await eventually('the line in audit.log', () =>
      readFileSync(join(cwd, 'audit.log'), 'utf8').includes('client 0: 1. no more\n'),
    );
  });
});
