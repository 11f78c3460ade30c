import { spawnSync } from 'node:child_process';
import { open, readFile, rename, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { recordsOf, toWire } from '../support/audit.js';
import { addCleanup } from '../support/cleanup.js';
import { connectAs } from '../support/client.js';
import { runCommand, type Server, shell, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { random } from '../support/random.js';
import { onTerminal } from '../support/terminal.js';
import { itWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';
import { CommandScene } from './command-scene.js';

const verify = (text: string) => verifyAudit(Readable.from([Buffer.from(text)]));

const events = (text: string): string =>
  recordsOf(text)
    .map(({ event }) => event)
    .join(' ');

/** A server with an audit in a folder of its own. */
async function audited(format: string, args: string[] = []) {
  const dir = await folder({});
  const path = join(dir, 'audit');
  const all = ['--audit', path, '--audit-format', format, ...args];
  return {
    dir,
    path,
    args: all,
    server: await startServer({ args: all }),
    text: () => readFile(path, 'utf8'),
  };
}

/** A client joins, sends these lines and leaves. */
async function visit(server: Server, ...lines: string[]): Promise<void> {
  const client = await connectAs(server);
  await client.send(joinLines(lines));
  client.end();
  await client.ended;
}

async function stop(server: Server): Promise<void> {
  server.kill('SIGTERM');
  expect(await within(server.exited, 'the end of the server')).to.deep.equal({ code: 0, signal: null });
}

describe('mini-serv --audit', () => {
  it('keeps every byte in JSON, in the audit as on standard output', async () => {
    const { server, text } = await audited('json', ['--format', 'json']);
    const next = random(4);
    const witness = await connectAs(server);
    const senders = [await connectAs(server, 1, witness), await connectAs(server, 2, witness)];
    for (let i = 0; i < 200; i++) {
      const bytes = Array.from({ length: Math.floor(next() * 200) }, () => Math.floor(next() * 256));
      await senders[i % 2]?.send(Buffer.from(bytes));
      if (next() < 0.1) await senders[i % 2]?.send('\né😀\u202e"\\\n');
    }
    for (const [i, sender] of senders.entries()) {
      await sender.send('\n');
      sender.end();
      await witness.until(leftNotice(i + 1));
    }
    await stop(server);
    const audit = await text();
    const wire = Buffer.concat([Buffer.from(arrivedNotice(0)), witness.received]);
    expect(toWire(recordsOf(audit)).equals(wire)).to.equal(true);
    expect(await verify(audit)).to.include({ isComplete: true });
    expect(server.stdout.text).to.equal(audit.split('\n').toSpliced(-2, 1).join('\n'));
  });

  it('has the format of --audit-format, and the mode 0600 whatever the umask is', async () => {
    const path = join(await folder({}), 'audit');
    const args = ['--audit', path, '--format', 'json', '--audit-format', 'wire'];
    const server = await startServer({ command: shell('umask 0 && exec "$@"'), args });
    await visit(server, 'hello');
    await stop(server);
    expect(server.stdout.text).to.match(/^\{"seq":0/);
    expect(await readFile(path, 'utf8')).to.equal(arrivedNotice(0) + relayed(0, 'hello') + leftNotice(0));
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(server.stderr.text).to.equal('');
  });

  it('continues the audit of a relay that was killed', async () => {
    const { server, args, text } = await audited('json');
    const client = await connectAs(server);
    await client.send('one\n');
    await eventually('the line', async () => /one.*\n/.test(await text()));
    server.kill('SIGKILL');
    await server.exited;
    const again = await startServer({ args });
    await visit(again, 'two');
    await stop(again);
    expect(events(await text())).to.equal('arrived line resumed arrived line left closed');
    expect(await verify(await text())).to.include({ isComplete: true });
  });

  it('is a fatal error before the port is opened if the file cannot be opened', async () => {
    const dir = await folder({ mine: 'mine\n' });
    await symlink(join(dir, 'mine'), join(dir, 'link'));
    const busy = await startServer();
    // The port is in use, which shows which of the two is checked first.
    const refused = await runCommand(['--verbose', '--audit', join(dir, 'link'), `${busy.port}`]);
    expect(refused).to.include({ code: 1, stdout: '' });
    expect(refused.stderr).to.match(/^Fatal error\n[^\n]+ is a symbolic link[^\n]+\n$/);
    expect(await readFile(join(dir, 'mine'), 'utf8')).to.equal('mine\n');
  });

  it('leaves an audit as it is if the port is in use', async () => {
    const { server, args, text } = await audited('json');
    await connectAs(server);
    await eventually('the arrival', async () => /arrived.*\n/.test(await text()));
    const before = await text();
    expect(await runCommand([...args, `${server.port}`])).to.include({ code: 1 });
    expect(await text()).to.equal(before);
  });

  it('writes other outputs while several FIFOs have no reader or are not read', async () => {
    const DIR = await folder({});
    const fifos = Array.from({ length: 4 }, (_, i) => join(DIR, `fifo${i}`));
    spawnSync('mkfifo', fifos);
    const [audit = '', ...logs] = fifos;
    // This process holds them open and reads nothing, because a transform's log needs a reader to be opened.
    for (const path of logs) addCleanup(await open(path, 'r+').then((file) => () => file.close()));
    const transforms = logs.flatMap((path) => ['-t', `log=to:${path}`]);
    const server = await startServer({
      args: ['--audit', audit, ...transforms, '--memory', '1M'],
      command: shell('exec "$@" > "$DIR/out"'),
      env: { DIR },
    });
    const client = await connectAs(server);
    await client.send(joinLines(numberedLines(3)));
    await eventually('standard output', async () =>
      (await readFile(join(DIR, 'out'), 'utf8')).includes('client 0: 9 '),
    );
    server.kill('SIGKILL');
    await server.exited;
  });
});

describe('mini-serv on SIGHUP', () => {
  it('reopens the audit, as often as it comes', async () => {
    const { server, dir, path, text } = await audited('json');
    await visit(server, 'one');
    // The audit can lag behind the clients.
    await eventually('the end of the visit', async () => (await text()).includes('left'));
    await rename(path, join(dir, 'old'));
    server.kill('SIGHUP');
    server.kill('SIGHUP');
    await eventually('the new file', async () => (await stat(path).catch(() => undefined)) !== undefined);
    await visit(server, 'two');
    await stop(server);
    for (const name of ['old', 'audit']) {
      expect(events(await readFile(join(dir, name), 'utf8'))).to.equal('arrived line left closed');
    }
    expect(server.stderr.text).to.equal('');
  });

  it('moves on from a file at a limit of its length (ulimit -f), and nothing is missing', async () => {
    const dir = await folder({});
    const path = join(dir, 'audit');
    const command = shell('ulimit -f 100 && exec "$@" > /dev/null');
    const args = ['--audit', path, '--audit-format', 'json'];
    // The engine's file for coverage would exceed the limit, too.
    const env = { NODE_V8_COVERAGE: '' };
    const scene = await CommandScene.begin(await startServer({ args, command, env }));
    await scene.send(...Array.from({ length: 800 }, (_, i) => `line ${i}`));
    await scene.server.stderr.until('EFBIG');
    await rename(path, join(dir, 'old'));
    scene.server.kill('SIGHUP');
    await scene.send('the last line');
    await eventually('the last line', async () =>
      (await readFile(path, 'utf8').catch(() => '')).includes('the last line'),
    );
    await scene.end();
    const old = await readFile(join(dir, 'old'), 'utf8');
    const whole = old.slice(0, old.lastIndexOf('\n') + 1) + (await readFile(path, 'utf8'));
    expect(toWire(recordsOf(whole)).toString()).to.equal(scene.wire);
  });

  itWith('python3', 'ends with a complete audit if its terminal was closed', async () => {
    const path = join(await folder({}), 'audit');
    const server = await startServer({
      command: onTerminal(),
      args: ['--audit', path, '--audit-format', 'json'],
    });
    const client = await connectAs(server);
    server.kill('SIGKILL');
    await client.ended;
    await eventually('the end', async () => (await readFile(path, 'utf8')).endsWith('"closed"}\n'));
  });
});
