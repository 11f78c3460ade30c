import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { addCleanup } from '../../support/cleanup.js';
import { connectAs } from '../../support/client.js';
import { runCommand, serverCommand, shell, startServer } from '../../support/command.js';
import { textOf } from '../../support/files.js';
import { folder } from '../../support/modules.js';
import { takePort } from '../../support/ports.js';
import { killAfterTest } from '../../support/proc.js';
import { CTRL_C, onTerminal } from '../../support/terminal.js';
import { describeWith, itWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';

/** Runs a script with an audit on a port that is in use, so that an audit that is accepted is a fatal error as well. */
async function refusal(audit: string, script = 'exec "$@"'): Promise<string> {
  const { port } = await takePort();
  const { code, stderr } = await runCommand(['--audit', audit, `${port}`], shell(script));
  expect(code).to.equal(1);
  return stderr;
}

describe('mini-serv --audit with a path that is no file of its own', () => {
  for (const path of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', '/dev/../dev/stdout', '-']) {
    it(`refuses standard output before the port is opened, and names --format: ${path}`, async () => {
      const scripts = ['exec "$@"', 'exec "$@" > /dev/null', '"$@" | cat; exit 1'];
      for (const script of path === '/dev/stdout' ? scripts : scripts.slice(0, 1)) {
        const text = await refusal(path, script);
        expect(text).to.match(/^Fatal error\n[^\n]+ is standard output, [^\n]+--format[^\n]*\n$/);
      }
    });
  }

  for (const path of ['/dev/stderr', '/dev/fd/2', '/proc/self/fd/2']) {
    it(`refuses standard error: ${path}`, async () => {
      expect(await refusal(path)).to.match(/^Fatal error\n[^\n]+ is standard error, [^\n]+--format[^\n]+\n$/);
    });
  }

  it('refuses standard input, whose other end would receive the audit', async () => {
    expect(await refusal('/dev/stdin')).to.equal(
      'Fatal error\nmini-serv: cannot use the audit /dev/stdin: it is standard input; name a file\n',
    );
    expect(await refusal('/dev/fd/0', 'exec "$@" < /dev/null')).to.match(/is standard input/);
  });

  it('refuses a file or FIFO that is also standard output or standard error', async () => {
    const dir = await folder({ log: 'mine\n' });
    spawnSync('mkfifo', [join(dir, 'fifo')]);
    const log = join(dir, 'log');
    const fifo = join(dir, 'fifo');
    expect(await refusal(log, `exec "$@" >> ${log}`)).to.match(/log: it is standard output, .*--format/);
    expect(await refusal(log, `exec "$@" 3>&2 2>> ${log}; exit 1`)).to.equal('');
    expect(readFileSync(log, 'utf8')).to.match(/^mine\nFatal error\n.*log: it is standard error, /);
    expect(await refusal(fifo, `cat ${fifo} & exec "$@" > ${fifo}`)).to.match(
      /fifo: it is standard output, /,
    );
  });

  it('refuses a directory, a socket and a missing folder, and says what to do', async () => {
    const dir = await folder({});
    const socket = createServer().listen(join(dir, 'socket'));
    addCleanup(() => void socket.close());
    expect(await refusal(dir)).to.equal(
      `Fatal error\nmini-serv: cannot use the audit ${dir}: it is a directory; name a file in it\n`,
    );
    expect(await refusal(join(dir, 'socket'))).to.match(
      /socket: it is a socket; pipe standard output .* socat\n$/,
    );
    expect(await refusal(join(dir, 'a/b'))).to.match(
      /^Fatal error\nmini-serv: cannot use the audit \/[^\n]+\/a\/b: no such file or directory\n$/,
    );
    expect(readdirSync(dir)).to.deep.equal(['socket']);
  });

  itWith('mknod', 'refuses a block device, whose contents it would overwrite', async () => {
    const device = join(await folder({}), 'device');
    spawnSync('mknod', [device, 'b', '1', '0']);
    expect(await refusal(device)).to.match(/^Fatal error\n[^\n]+ is a block device, [^\n]+\n$/);
  });

  itWith('python3', 'refuses /dev/tty in a process that has no terminal', async () => {
    const code = 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])';
    const { stderr } = await runCommand(
      ['--audit', '/dev/tty', '0'],
      ['python3', '-c', code, ...serverCommand()],
    );
    const reason =
      'mini-serv: cannot use the audit /dev/tty: it is a device that this process does not have; name a file';
    expect(stderr).to.equal(`Fatal error\n${reason}\n`);
  });

  it('writes to a descriptor that the shell has opened, and continues what is in its file', async () => {
    const dir = await folder({ audit: '' });
    const path = join(dir, 'audit');
    for (const [run, size] of [
      [1, 2],
      [2, 5],
    ]) {
      const server = await startServer({
        args: ['--audit', '/dev/fd/3', '--audit-format', 'json'],
        command: shell(`exec "$@" 3>> ${path}`),
      });
      const client = await connectAs(server);
      await client.send(`run ${run}\n`);
      await eventually('the line', () => readFileSync(path, 'utf8').includes(`run ${run}`));
      server.kill('SIGKILL');
      await server.exited;
      expect(readFileSync(path, 'utf8').trimEnd().split('\n').length).to.equal(size);
    }
  });

  it('writes to the pipe of a process substitution', async () => {
    const dir = await folder({});
    const path = join(dir, 'copy');
    killAfterTest(join(dir, 'pid'));
    const server = await startServer({
      args: ['--pid-file', join(dir, 'pid'), '--audit', '/dev/fd/3', '--audit-format', 'wire'],
      command: shell(`{ "$@" 3>&1 >&4 | cat > ${path}; } 4>&1`),
    });
    const client = await connectAs(server);
    await client.send('hello\n');
    // The shell may create the file after the relay listens.
    await eventually('the line', () => textOf(path).includes('client 0: hello\n'));
  });

  it('accepts /dev/null, also if standard output is /dev/null', async () => {
    const server = await startServer({
      args: ['--audit', '/dev/null'],
      command: shell('exec "$@" > /dev/null'),
    });
    const a = await connectAs(server);
    const b = await connectAs(server, 1, a);
    await a.send('hello\n');
    await b.until('client 0: hello\n');
    expect(server.stderr.text).to.equal('');
  });
});

describeWith('python3', 'mini-serv --audit /dev/tty', () => {
  it('shows control characters in the format wire, too, if standard output is a file', async () => {
    const dir = await folder({});
    const server = await startServer({
      command: onTerminal(`exec "$@" > ${dir}/out`),
      args: ['--audit', '/dev/tty', '--audit-format', 'wire'],
    });
    const client = await connectAs(server);
    await client.send('\x1b[2J\n');
    await server.stdout.until('client 0: \\x1b[2J\r\n');
    server.process.stdin?.write(CTRL_C);
    await server.exited;
  });

  it('is refused if standard output is the terminal', async () => {
    const { stdout } = await runCommand(['--audit', '/dev/tty', '0'], onTerminal());
    expect(stdout).to.match(
      /^Fatal error\r\n.*mini-serv: cannot use the audit \/dev\/tty: it is standard output, /,
    );
  });
});
