import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterwards } from '../support/cleanup.js';
import { arrive, type Client, connect } from '../support/client.js';
import { startServer } from '../support/command.js';
import { Inbox } from '../support/inbox.js';
import { freePort, isListening } from '../support/ports.js';
import { eventually, within } from '../support/waiting.js';
import { left, said } from '../support/wire.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, never>;

const blocks = (kind: string): string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${kind}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

const modules = new Map(
  blocks('js').map((text) => {
    const [, name = ''] = /^\/\/ (\S+)\n/.exec(text) ?? [];
    return [name, text];
  }),
);
const commands = blocks('sh').flatMap((text) => text.trim().split('\n'));

/** A folder inside the package, so that its modules find the package by its own name. */
function folder(): string {
  const path = mkdtempSync(join(ROOT, 'dist', 'readme-'));
  afterwards(() => rmSync(path, { recursive: true }));
  for (const [name, text] of modules) writeFileSync(join(path, name), text);
  return path;
}

function start(file: string, args: string[], cwd: string): { child: ChildProcess; output: Inbox } {
  const child = spawn(file, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = new Inbox();
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk));
  const closed = once(child, 'close');
  closed.then(() => output.finish()).catch(() => {});
  afterwards(async () => {
    // A pipeline's shell is not the relay: they are ended together.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid);
    await within(closed, 'the end of a snippet');
  });
  return { child, output };
}

/** A module of the README that listens on 4242, on another port. */
async function run(name: string): Promise<{ port: number; cwd: string; output: Inbox }> {
  const [cwd, port] = [folder(), await freePort()];
  writeFileSync(join(cwd, name), (modules.get(name) as string).replace('4242', String(port)));
  const { output } = start(process.execPath, [name], cwd);
  await eventually('the snippet to listen', async () => (await isListening(port)) === true);
  return { port, cwd, output };
}

async function two(port: number): Promise<[Client, Client]> {
  const first = await connect({ port });
  const second = await connect({ port });
  await first.until('client 1 just arrived');
  return [first, second];
}

describe('README.md', () => {
  it('begins with two commands that are there', () => {
    expect(commands.slice(0, 2)).to.deep.equal(['npm install && npm start 4242', 'npm install && npm test']);
    expect(PACKAGE.scripts).to.include.keys('start', 'test', 'prepare', 'bench:backlog');
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).to.include('npm install && npm test');
  });

  it('begins with a command that ends when npm is told to', async () => {
    const port = await freePort();
    const { child } = start('npm', ['start', '--silent', String(port)], ROOT);
    await eventually('npm start to listen', async () => (await isListening(port)) === true);
    if (child.pid === undefined) throw new Error('npm was not started');
    process.kill(child.pid, 'SIGTERM');
    await eventually('the port to be free', async () => (await isListening(port)) === false);
  });

  it('has no snippet that is not run here', () => {
    expect([...modules.keys()]).to.deep.equal(['transcript.mjs', 'shout.mjs', 'compose.mjs', 'anything.mjs']);
    expect(commands.slice(2)).to.deep.equal([
      'mini-serv 4242 > audit.log',
      'mini-serv 4242 | tee audit.log',
      'mini-serv --audit audit.json --audit-format json 4242',
      'mini-serv verify audit.json',
      'mini-serv -t log=to:room.log 4242',
      "mini-serv -t 'filter=drop:/password/i' -t no-http 4242",
      'mini-serv -t ./shout.mjs 4242',
      // Run in spec/nats/docs.spec.ts, with the docs' own.
      'npm install @nats-io/transport-node @nats-io/jetstream',
      'mini-serv --room nats://host:4222/lobby 4242',
    ]);
  });

  it('shows a session as it is', async () => {
    const server = await startServer();
    const first = await arrive(server);
    const second = await arrive(server, 1, first);
    const third = await arrive(server, 2, second);
    await first.send('hello\n');
    await second.until(said(0, 'hello'));
    await second.send('hi, 0\n');
    await third.until(said(1, 'hi, 0'));
    third.end();
    await first.until(left(2));
    await second.until(left(2));
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

  for (const command of commands
    .slice(2)
    .filter((line) => line.includes('4242') && !line.includes('nats://'))) {
    it(`shows a command that works: ${command}`, async () => {
      const [cwd, port] = [folder(), await freePort()];
      const bin = `"${process.execPath}" "${join(ROOT, 'dist/bin/mini-serv.js')}"`;
      const script = command.replace('mini-serv', command.includes('|') ? bin : `exec ${bin}`);
      start('sh', ['-c', script.replace('4242', String(port))], cwd);
      await eventually('the command to listen', async () => (await isListening(port)) === true);
      const [first, second] = await two(port);
      await first.send('my password\nHello\n');
      await second.until(/shout/.test(command) ? said(0, 'HELLO') : said(0, 'Hello'));
      expect(second.received.includes('my password')).to.equal(!/filter|shout/.test(command));
      const file = /\w+\.(log|json)/.exec(command)?.[0];
      const kept = (): string => (file === undefined ? '' : readFileSync(join(cwd, file), 'utf8'));
      if (file !== undefined) await eventually('it to be kept', () => kept().includes('Hello'));
      if (file === 'audit.log') expect(kept()).to.include(said(0, 'my password', 'Hello'));
      if (file === 'audit.json') {
        const { output } = start('sh', ['-c', `exec ${bin} verify audit.json`], cwd);
        await output.until('audit.json: whole');
      }
    });
  }

  it('shows how to keep the transcript: transcript.mjs', async () => {
    const { port, cwd } = await run('transcript.mjs');
    const [first, second] = await two(port);
    await first.send('kept\n');
    await second.until(said(0, 'kept'));
    await eventually('it to be kept', () =>
      readFileSync(join(cwd, 'audit.log'), 'utf8').endsWith(said(0, 'kept')),
    );
  });

  it('shows how to compose: compose.mjs', async () => {
    const { port, output } = await run('compose.mjs');
    const [first, second] = await two(port);
    await first.send('a secret\nno more\n');
    await second.until(said(0, '1. no more'));
    await second.hears(said(0, '1. no more'));
    await output.until('client 1 is here\n');
  });

  it('shows that any Duplex is a client: anything.mjs', async () => {
    // `await using` is newer than the oldest Node that the package runs on.
    const cwd = folder();
    const text = (modules.get('anything.mjs') as string).replace('await using', 'const');
    writeFileSync(join(cwd, 'anything.mjs'), `${text}await relay.close();\n`);
    const { output } = start(process.execPath, ['anything.mjs'], cwd);
    await output.until(`server: client 1 just arrived\n${said(1, 'hello, bot')}`);
  });
});
