import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { addCleanup } from '../../support/cleanup.js';
import { connectAs } from '../../support/client.js';
import { shell, startServer } from '../../support/command.js';
import { textOf } from '../../support/files.js';
import { Inbox } from '../../support/inbox.js';
import { folder } from '../../support/modules.js';
import { describeWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';

/** A relay for which `systemd-notify` is this script. */
async function startWith(script: string, args: string[] = []) {
  const dir = await folder({ 'systemd-notify': `#!/bin/sh\n${script}\n` });
  chmodSync(join(dir, 'systemd-notify'), 0o755);
  const env = { NOTIFY_SOCKET: join(dir, 'socket'), DIR: dir };
  const server = await startServer({ command: shell('PATH="$DIR:$PATH" exec "$@"'), env, args });
  return { dir, server, calls: (): string => textOf(join(dir, 'calls')) };
}

describe('mini-serv with NOTIFY_SOCKET', () => {
  it('calls systemd-notify when the port is open, and when the relay begins to end', async () => {
    const { server, dir, calls } = await startWith('echo "$NOTIFY_SOCKET $*" >> "$DIR/calls"');
    const { pid } = server.process;
    const ready = `${dir}/socket --pid=${pid} --ready --status=listening on 127.0.0.1:${server.port}\n`;
    await eventually('READY', () => calls() === ready);
    await server.stop();
    const stopping = `${dir}/socket --pid=${pid} STOPPING=1 --status=delivering what clients are owed\n`;
    await eventually('STOPPING', () => calls() === ready + stopping);
    expect(server.stderr.text).to.equal('');
  });

  it('starts and ends without waiting for systemd-notify', async () => {
    const { server, dir } = await startWith('echo $$ >> "$DIR/pids"; exec sleep 1000');
    addCleanup(() => {
      for (const pid of textOf(join(dir, 'pids')).split('\n').filter(Boolean)) process.kill(Number(pid));
    });
    await connectAs(server);
    await server.stop();
    expect((await server.exited).code).to.equal(0);
    await eventually('both calls', () => textOf(join(dir, 'pids')).split('\n').length === 3);
  });

  it('says once that systemd-notify fails, and only with --verbose', async () => {
    for (const [script, reason] of [
      ['exit 3', 'exit code 3'],
      ['kill -9 $$', 'exit code SIGKILL'],
    ] as const) {
      const { server } = await startWith(script, ['--verbose']);
      await server.stderr.until('the service manager is not notified');
      await server.stop();
      expect(server.stderr.text.match(/systemd-notify.*/g)).to.deep.equal([
        `systemd-notify failed, so the service manager is not notified: ${reason}`,
      ]);
      const quiet = await startWith(script);
      await connectAs(quiet.server);
      await quiet.server.stop();
      expect(quiet.server.stderr.text).to.equal('');
    }
  });

  it('starts without systemd-notify, and says so with --verbose', async () => {
    const dir = await folder({});
    const env = { NOTIFY_SOCKET: join(dir, 'socket') };
    const server = await startServer({ command: shell(`PATH=${dir} exec "$@"`), env, args: ['--verbose'] });
    await server.stderr.until('spawn systemd-notify ENOENT');
    const a = await connectAs(server);
    // A connection that the relay has not accepted when it stops is reset.
    const b = await connectAs(server, 1, a);
    await server.stop();
    await Promise.all([a.ended, b.ended]);
  });

  it('hides the socket from transforms and their child processes', async () => {
    const dir = await folder({
      'env.mjs': `process.stderr.write('socket: ' + process.env.NOTIFY_SOCKET + '\\n');
        export default (message) => message;`,
    });
    const env = { NOTIFY_SOCKET: join(dir, 'socket') };
    const server = await startServer({ env, args: ['-t', join(dir, 'env.mjs')] });
    await server.stderr.until('socket: undefined\n');
  });
});

const RECEIVER = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('bound', flush=True)
while True: print(s.recv(4096).decode().replace('\\n', ' '), flush=True)`;

describeWith(['systemd', 'python3'], 'mini-serv with NOTIFY_SOCKET and systemd', () => {
  for (const kind of ['a path', 'an abstract name']) {
    it(`sends READY=1 and STOPPING=1 to ${kind}`, async () => {
      const { spawn } = await import('node:child_process');
      const dir = await folder({});
      const name = kind === 'a path' ? join(dir, 'socket') : `@mini-serv-${process.pid}`;
      const receiver = spawn('python3', ['-c', RECEIVER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
      addCleanup(() => void receiver.kill('SIGKILL'));
      const received = new Inbox();
      receiver.stdout.on('data', (chunk: Buffer) => received.push(chunk));
      await received.until('bound\n');
      const server = await startServer({ env: { NOTIFY_SOCKET: name } });
      await received.until(`STATUS=listening on 127.0.0.1:${server.port}`);
      await received.until('READY=1');
      await server.stop();
      await received.until('STOPPING=1');
    });
  }
});
