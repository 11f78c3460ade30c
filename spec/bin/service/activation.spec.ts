import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { takeInheritedSocket } from '../../../bin/service/activation.js';
import { addCleanup } from '../../support/cleanup.js';
import { connect, connectAs } from '../../support/client.js';
import { runCommand, serverCommand, shell, startServer } from '../../support/command.js';
import { folder } from '../../support/modules.js';
import { descriptorOf, freePort, takePort } from '../../support/ports.js';
import { killAfterTest } from '../../support/proc.js';
import { itWith } from '../../support/tools.js';
import { within } from '../../support/waiting.js';
import { arrivedNotice, relayed } from '../../support/wire.js';

const ACTIVATE = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"';

/** Starts a relay on a socket that is passed to it. */
async function activate(script = ACTIVATE, args: string[] = []) {
  // Connections wait in the socket, because this process closes its own copy.
  const { server, port, fd } = await takePort();
  const relay = await startServer({ command: shell(script), args, port, inherited: fd });
  server.close();
  return relay;
}

/** The message with which the relay refuses a socket. */
async function refusal(inherited?: number, port = 0, script = ACTIVATE): Promise<string> {
  const { code, stderr } = await runCommand([String(port)], shell(script), inherited);
  expect(code, stderr).to.equal(1);
  return stderr;
}

describe('mini-serv with an inherited socket', () => {
  it('serves the clients of the socket', async () => {
    const relay = await activate();
    const a = await connectAs(relay);
    const b = await connectAs(relay, 1, a);
    await a.send('hello\n');
    await b.until(relayed(0, 'hello'));
    await relay.stop();
    expect(await relay.exited).to.deep.equal({ code: 0, signal: null });
    expect(relay.stderr.text).to.equal('');
  });

  it('accepts port 0, and prints the port of the socket', async () => {
    const { port, fd } = await takePort();
    const relay = await startServer({ command: shell(ACTIVATE), port: 0, inherited: fd });
    await relay.stderr.until(`listening on 127.0.0.1:${port}; `);
  });

  it('serves a client that connects while the relay is being restarted', async () => {
    const dir = await folder({});
    const step = (name: string): void => writeFileSync(join(dir, name), '');
    // Keeps the socket open, and starts a relay for each file.
    const script = `for step in 1 2; do
      until [ -e ${dir}/$step ]; do sleep 0.02; done
      sh -c '${ACTIVATE}' sh "$@"
      echo "ended $?" >&2
    done`;
    const relay = await activate(script, ['--pid-file', join(dir, 'pid')]);
    killAfterTest(join(dir, 'pid'));
    const early = await connect(relay);
    step('1');
    await relay.stdout.until(arrivedNotice(0));
    const old = await connectAs(relay, 1, early);
    process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGTERM');
    await within(early.ended, 'the end of the first relay');
    await within(old.ended, 'the end of the first relay');
    await relay.stderr.until('ended 0\n');
    // No relay runs now.
    const a = await connect(relay);
    await a.send('hello from the gap\n');
    step('2');
    const b = await connectAs(relay, 1, a);
    await a.send('again\n');
    await b.until(relayed(0, 'again'));
    await relay.stdout.until(relayed(0, 'hello from the gap'));
  });

  itWith('proc', 'passes neither the socket nor its variables to child processes', async () => {
    const cwd = await folder({
      'spawn.mjs': `import { execFileSync } from 'node:child_process';
        const lines = execFileSync('sh', ['-c', 'env; ls -l /proc/self/fd']).toString().split('\\n');
        const passed = lines.filter((line) => /^LISTEN_| [3-9] -> socket/.test(line));
        process.stderr.write('passed: ' + passed.join() + ' of ' + lines.length + '\\n');
        export default (message) => message;`,
    });
    const relay = await activate(ACTIVATE, ['-t', join(cwd, 'spawn.mjs')]);
    await connectAs(relay);
    await relay.stderr.until('\n');
    expect(relay.stderr.text).to.match(/^passed: {2}of \d+\n$/);
  });

  it('refuses another port than that of the socket before a client is served', async () => {
    const { port, fd } = await takePort();
    const other = await freePort();
    const client = dial(port, '127.0.0.1');
    addCleanup(() => void client.destroy());
    expect(await refusal(fd, other)).to.equal(
      `Fatal error\nmini-serv: cannot use the inherited socket: it has the port ${port}, not ${other}; give the port of the socket, or 0\n`,
    );
  });

  for (const [host, shown] of [
    ['0.0.0.0', '0\\.0\\.0\\.0'],
    ['::1', '::1'],
  ] as const) {
    it(`refuses a socket on another address: ${host}`, async () => {
      const { fd } = await takePort(host);
      expect(await refusal(fd)).to.match(
        new RegExp(`expected a TCP socket that listens on 127\\.0\\.0\\.1, got ${shown} port \\d+\\n$`),
      );
    });
  }

  it('refuses a UNIX socket', async () => {
    const server = createServer().listen(join(await folder({}), 'socket'));
    addCleanup(() => void server.close());
    await once(server, 'listening');
    expect(await refusal(descriptorOf(server))).to.match(
      /listens on 127\.0\.0\.1, got a socket of another kind\n$/,
    );
  });

  it('refuses a connected socket, which Accept=yes would pass', async () => {
    const { server, port } = await takePort();
    const client = dial(port, '127.0.0.1');
    addCleanup(() => void client.destroy());
    const [accepted] = (await once(server, 'connection')) as [Socket];
    addCleanup(() => void accepted.destroy());
    expect(await refusal(descriptorOf(accepted))).to.match(
      /got one that does not listen; a \.socket unit needs Accept=no/,
    );
  });

  for (const [what, redirection] of [
    ['a file', '3< /etc/passwd'],
    ['/dev/null', '3< /dev/null'],
  ]) {
    it(`refuses a descriptor that is no socket: ${what}`, async () => {
      expect(await refusal(undefined, 0, `${ACTIVATE} ${redirection}`)).to.match(
        /, got another kind of file\n$/,
      );
    });
  }

  it('refuses several sockets', async () => {
    expect(await refusal(undefined, 0, 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"')).to.equal(
      'Fatal error\nmini-serv: cannot use the inherited socket: expected one socket, got LISTEN_FDS=2\n',
    );
  });

  for (const count of ['-1', 'x', '1x', '']) {
    it(`refuses LISTEN_FDS=${count}`, () => {
      const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: count };
      expect(() => takeInheritedSocket(env))
        .to.throw('Fatal error')
        .with.property('details')
        .that.includes(`expected one socket, got LISTEN_FDS=${count}`);
    });
  }

  for (const script of ['LISTEN_PID=1 LISTEN_FDS=1 exec "$@"', 'LISTEN_FDS=1 exec "$@"']) {
    it(`opens its own port and says so if the socket is for another process: ${script}`, async () => {
      const relay = await startServer({ command: shell(script) });
      await connectAs(relay);
      await relay.stderr.until('\n');
      expect(relay.stderr.text).to.match(
        /^mini-serv: ignoring the socket of LISTEN_FDS: it is for process \w+, /,
      );
    });
  }

  it('opens its own port if no socket is passed', async () => {
    const relay = await startServer({ command: shell('LISTEN_PID=$$ LISTEN_FDS=0 exec "$@"') });
    await connectAs(relay);
    expect(relay.stderr.text).to.equal('');
  });

  for (const runtime of ['bun', 'deno']) {
    it(`is refused on ${runtime}, which cannot listen on it`, () => {
      const env = { LISTEN_PID: '7', LISTEN_FDS: '1', LISTEN_FDNAMES: 'x' };
      expect(() => takeInheritedSocket(env, { pid: 7, versions: { [runtime]: '1.4.5' } }))
        .to.throw('Fatal error')
        .with.property('details')
        .that.includes(`${runtime} cannot listen on it`);
      expect(env).to.deep.equal({});
    });
  }

  for (const [what, code] of [
    ['UDP', 's = socket.socket(type=socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0))'],
    ['bound TCP', 's = socket.socket(); s.bind(("127.0.0.1", 0))'],
    ['UNIX datagram', 's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)'],
    ['UNIX pair', 's, t = socket.socketpair()'],
  ]) {
    itWith('python3', `refuses a socket that does not listen: ${what}`, async () => {
      const program = `import os, socket, sys
${code}
os.dup2(s.fileno(), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execvp(sys.argv[1], sys.argv[1:])`;
      const { code: exitCode, stderr } = await runCommand(
        ['0'],
        ['python3', '-c', program, ...serverCommand()],
      );
      expect(exitCode).to.equal(1);
      expect(stderr).to.match(
        /^Fatal error\nmini-serv: cannot use the inherited socket: descriptor 3: expected a TCP socket [^\n]+\n$/,
      );
    });
  }

  itWith('systemd', 'is started by systemd-socket-activate on the first connection', async () => {
    const port = await freePort();
    const [node = '', script = ''] = serverCommand();
    const command = ['systemd-socket-activate', '-l', `127.0.0.1:${port}`, node, script];
    const relay = await startServer({ command, port });
    const a = await connect(relay);
    const b = await connectAs(relay, 1, a);
    await a.send('hello\n');
    await b.until(relayed(0, 'hello'));
  });
});
