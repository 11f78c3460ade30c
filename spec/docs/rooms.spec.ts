import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { OPTIONS } from '../../bin/options/table.js';
import { namesOf } from '../../lib/room/nats/streams.js';
import { MIN_RETENTION } from '../../lib/room/options.js';
import { addCleanup } from '../support/cleanup.js';
import { type Client, connect } from '../support/client.js';
import { runCommand, type Server, startServer } from '../support/command.js';
import { type NatsServer, useNats } from '../support/nats.js';
import { freePort, isListening } from '../support/ports.js';
import { describeWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGES = { 'README.md': read('README.md'), 'docs/rooms.md': read('docs/rooms.md') };
const PAGE = PAGES['docs/rooms.md'];
const [OPEN_ROOM = '', OWN_ENGINE = ''] = blocks('js');

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...PAGE.matchAll(pattern)].map(([, text = '']) => text);
}

interface Recipe {
  readonly env: Record<string, string>;
  readonly args: string[];
}

/** Parses the commands of a page that contain a text, for a server on this machine. */
function recipes(page: string, text: string, nats: NatsServer): Recipe[] {
  const lines = page.split('\n').filter((line) => /^([A-Z_]+=\S+ )*mini-serv /.test(line));
  return lines
    .filter((line) => line.includes(text))
    .map((line) => {
      const words = line.replace('host:4222', `127.0.0.1:${nats.port}`).split(' ');
      const variables = words.slice(0, words.indexOf('mini-serv')).map((word) => word.split('='));
      return { env: Object.fromEntries(variables), args: words.slice(variables.length + 1) };
    });
}

describeWith('nats-server', 'docs/rooms.md and README.md: recipes', () => {
  const nats = useNats();

  async function start({ env, args }: Recipe): Promise<Server> {
    // The last argument is the port, which a spec chooses itself.
    return startServer({ env, args: args.slice(0, -1) });
  }

  it('start relays that share a room', async () => {
    for (const page of Object.values(PAGES)) {
      const commands = recipes(page, '--room ', nats());
      expect(commands).not.to.have.length(0);
      const first = await connect(await start(commands[0] as Recipe));
      for (const command of commands) await expectSameRoom(first, await connect(await start(command)));
    }
  });

  it('replay a room', async () => {
    const commands = recipes(PAGE, ' replay ', nats());
    expect(commands).to.have.length(2);
    for (const { args } of commands) {
      const text = args.map((word) => (word === '10:00' ? '1h' : word));
      const { code, stdout } = await runCommand(text);
      expect({ code, firstLine: stdout.split('\n')[0] }).to.deep.include({ code: 0 });
      expect(stdout.split('\n')[0]).to.match(/server: client 0 just arrived$/);
    }
  });

  it('open a room in code', async () => {
    const port = await freePort();
    await runModule(
      OPEN_ROOM.replace('127.0.0.1:4222', `127.0.0.1:${nats().port}`).replace('4242', String(port)),
      port,
    );
    const other = await connect(await startServer({ args: ['--room', nats().room('lobby')] }));
    await expectSameRoom(other, await connect({ port }));
  });
});

describe('docs/rooms.md', () => {
  it('has an example of an engine that shares a room', async () => {
    const [first, second] = [await freePort(), await freePort()];
    await runModule(OWN_ENGINE.replace('4242, 4243', `${first}, ${second}`), second);
    await expectSameRoom(await connect({ port: first }), await connect({ port: second }));
  });

  it('names the optional packages to install', () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json')) as {
      peerDependencies: Record<string, string>;
      peerDependenciesMeta: Record<string, { optional?: boolean }>;
    };
    const names = Object.keys(peerDependencies);
    expect(names).to.deep.equal(['@nats-io/jetstream', '@nats-io/transport-node']);
    for (const name of names) {
      expect(peerDependenciesMeta[name]?.optional).to.equal(true);
      expect(PAGE).to.include(name);
    }
  });

  it('lists all options of a room', () => {
    for (const { name } of OPTIONS.filter((option) => option.name.startsWith('room'))) {
      expect(PAGE).to.include(name.replace(/^room-(nkey|ca|cert|key)$/, '-$1'));
    }
  });

  it('names the streams, the subjects and the limits', () => {
    for (const name of Object.values(namesOf('lobby'))) expect(PAGE).to.include(`\`${name}\``);
    const { ms, bytes } = MIN_RETENTION;
    expect(PAGE)
      .to.include(`at least \`${ms / 1000}s\``)
      .and.to.include(`at least \`${bytes / 2 ** 20}MB\``);
  });
});

/** Expects a client to receive what another one sends. The line is repeated, because the receiver may join after it. */
async function expectSameRoom(receiver: Client, sender: Client): Promise<void> {
  await eventually('a line', async () => {
    await sender.send(`from port ${sender.socket.localPort}\n`);
    return receiver.received.includes(`: from port ${sender.socket.localPort}\n`);
  });
}

/** Runs a module of the page until the end of the test, and waits until it listens. */
async function runModule(text: string, port: number): Promise<void> {
  // A folder inside the package, so that the module can import the package by its name.
  const folder = mkdtempSync(join(ROOT, 'dist', 'docs-'));
  addCleanup(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'example.mjs'), text);
  const child = spawn(process.execPath, ['example.mjs'], { cwd: folder, stdio: 'inherit' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  addCleanup(async () => {
    child.kill('SIGKILL');
    await within(exited, 'the end of an example');
  });
  await eventually('the example to listen', () => {
    if (child.exitCode !== null) throw new Error(`the example exited with ${child.exitCode}`);
    return isListening(port, child.pid) !== false;
  });
}
