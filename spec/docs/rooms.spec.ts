import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseCommand } from '../../bin/arguments.js';
import { afterwards } from '../support/cleanup.js';
import { arrive } from '../support/client.js';
import { runCommand, startServer } from '../support/command.js';
import { startNats } from '../support/nats.js';
import { describeWith } from '../support/tools.js';
import { within } from '../support/waiting.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const DOCS = readFileSync(join(ROOT, 'docs/rooms.md'), 'utf8');
const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};

describeWith('nats-server', 'docs/rooms.md and the README', () => {
  it('show commands that work', async () => {
    const nats = await startNats();
    for (const text of [README, DOCS]) {
      const [command = ''] = /^mini-serv --room \S+ 4242/m.exec(text) ?? [];
      const args = command.replace('host:4222', `127.0.0.1:${nats.port}`).split(' ').slice(1, -1);
      const client = await arrive(await startServer({ args }));
      await client.send('hello\n');
      const second = await arrive(await startServer({ args }));
      await client.until('just arrived\n');
      client.end();
      await second.until('just left\n');
    }
    const [replay = ''] = /^mini-serv replay .*/m.exec(DOCS) ?? [];
    const args = replay.replace('host:4222', `127.0.0.1:${nats.port}`).split(' ').slice(1);
    const { code, stdout } = await runCommand(args.map((arg) => (arg === '10:00' ? '1h' : arg)));
    expect({ code, begins: stdout.split('\n')[0] }).to.deep.equal({
      code: 0,
      begins: 'server: client 0 just arrived',
    });
    expect(parseCommand(args).kind).to.equal('replay');
  });

  it('show code that works', async () => {
    const nats = await startNats();
    const [, code = ''] = /^```js\n([\s\S]*?)^```$/m.exec(DOCS) ?? [];
    const folder = mkdtempSync(join(ROOT, 'dist', 'docs-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const text = code
      .replace('127.0.0.1:4222', `127.0.0.1:${nats.port}`)
      .replace('await relay.listen(4242)', 'console.log(await relay.listen(0))');
    writeFileSync(join(folder, 'room.mjs'), text);
    const child = spawn(process.execPath, ['room.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    afterwards(async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await within(once(child, 'exit'), 'its end');
    });
    const [printed] = await within(once(child.stdout, 'data'), 'its port');
    const port = Number(printed);
    const other = await arrive(await startServer({ args: ['--room', nats.room('lobby')] }));
    const client = await arrive({ port } as never);
    await client.send('hello\n');
    await other.until(': hello\n');
  });

  it('name the packages that are asked for, and that nobody gets who does not ask', () => {
    const names = Object.keys(PACKAGE.peerDependencies);
    expect(names).to.deep.equal(['@nats-io/jetstream', '@nats-io/transport-node']);
    for (const name of names) {
      expect(PACKAGE.peerDependenciesMeta[name]?.optional).to.equal(true);
      for (const text of [README, DOCS]) expect(text).to.include(name);
    }
  });
});
