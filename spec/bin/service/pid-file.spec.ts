import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CommandError } from '../../../bin/console.js';
import { claimPidFile } from '../../../bin/service/pid-file.js';
import { type Client, connectAs } from '../../support/client.js';
import { runCommand, type Server, shell, startServer } from '../../support/command.js';
import { smallDisk } from '../../support/disk.js';
import { textOf } from '../../support/files.js';
import { folder } from '../../support/modules.js';
import { isListening, takePort } from '../../support/ports.js';
import { killAfterTest } from '../../support/proc.js';
import { itWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';

const UNUSED_PID = 999_999_999;

async function withPidFile(content?: string) {
  const dir = await folder(content === undefined ? {} : { pid: content });
  return { dir, path: join(dir, 'pid') };
}

/** Starts a relay, and waits for its pid file. */
async function start(path: string, script = 'exec "$@"', args: string[] = []): Promise<Server> {
  const server = await startServer({ args: ['--pid-file', path, ...args], command: shell(script) });
  await eventually('the pid file', () => textOf(path) === pidOf(server));
  return server;
}

const pidOf = (server: Server): string => `${server.process.pid}\n`;

/** The reason for which a pid file cannot be used. */
function refusal(path: string): string | undefined {
  try {
    claimPidFile(path);
  } catch (error) {
    return (error as CommandError).details;
  }
  return undefined;
}

describe('mini-serv --pid-file', () => {
  it('has the process id once the port is open, so that a script can wait for it', async () => {
    const { dir, path } = await withPidFile();
    const server = await start(path);
    expect(isListening(server.port)).to.not.equal(false);
    expect(statSync(path).mode & 0o777).to.equal(0o644 & ~process.umask());
    expect(readdirSync(dir)).to.deep.equal(['pid']);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`is removed after ${signal}, although the relay has changed nothing else in its folder`, async () => {
      const { dir, path } = await withPidFile();
      const server = await start(path);
      server.kill(signal);
      expect((await within(server.exited, 'the end')).code).to.equal(0);
      expect(readdirSync(dir)).to.deep.equal([]);
    });
  }

  it('is removed when a second signal ends the relay at once', async () => {
    const { path } = await withPidFile();
    const server = await start(path, 'exec "$@"', ['--memory', '1M']);
    const a = await connectAs(server);
    const b: Client = await connectAs(server, 1, a);
    b.pause();
    const line = `${'x'.repeat(65_535)}\n`;
    for (let i = 0; i < 200; i++) await a.send(line);
    server.kill('SIGTERM');
    await a.ended;
    server.kill('SIGTERM');
    await within(server.exited, 'the end');
    expect(existsSync(path)).to.equal(false);
  });

  it('is removed when an exception in a transform ends the relay', async () => {
    const { dir, path } = await withPidFile();
    const module = join(dir, 'throw.mjs');
    writeFileSync(
      module,
      `export default (message) => {
        if (message.text === 'throw') setTimeout(() => { throw new Error('no'); });
        return message;
      };`,
    );
    const server = await start(path, 'exec "$@"', ['-t', module]);
    const a = await connectAs(server);
    await a.send('throw\n');
    expect((await within(server.exited, 'the end')).code).to.equal(1);
    expect(existsSync(path)).to.equal(false);
  });

  it('is not written if the port cannot be opened', async () => {
    const { dir, path } = await withPidFile();
    const { port } = await takePort();
    const { stderr } = await runCommand(['--pid-file', path, String(port)]);
    expect(stderr).to.equal('Fatal error\n');
    expect(readdirSync(dir)).to.deep.equal([]);
  });

  it('is left as it is at the end if another process has taken it over', async () => {
    const { path } = await withPidFile();
    const server = await start(path);
    writeFileSync(path, '1\n');
    await server.stop();
    expect(readFileSync(path, 'utf8')).to.equal('1\n');
  });

  it('is replaced after a relay was killed', async () => {
    const { path } = await withPidFile();
    const first = await start(path);
    first.kill('SIGKILL');
    await first.exited;
    expect(readFileSync(path, 'utf8')).to.equal(pidOf(first));
    await start(path);
  });

  for (const [what, content] of [
    ['names a process that does not exist', `${UNUSED_PID}\n`],
    ['names another program, which has got the number of an ended relay', '1\n'],
    ['names 0', '0\n'],
    ['is empty', ''],
    ['has no newline', `${UNUSED_PID}`],
  ] as const) {
    it(`may be replaced if it ${what}`, async () => {
      const { path } = await withPidFile(content);
      expect(refusal(path)).to.equal(undefined);
    });
  }

  it('is replaced if it names the relay itself, as after exec in a shell, or the shell', async () => {
    const { path } = await withPidFile();
    await start(path, `echo $$ > ${path}; exec "$@"`);
    const other = await withPidFile();
    const server = await startServer({
      args: ['--pid-file', other.path],
      command: shell(`echo $$ > ${other.path}; "$@"; exit`),
    });
    killAfterTest(other.path);
    await eventually('the pid file', () => readFileSync(other.path, 'utf8') !== pidOf(server));
  });

  it('may be replaced if it names a relay that has another pid file', async () => {
    const { dir, path } = await withPidFile();
    const other = await start(join(dir, 'other'));
    writeFileSync(path, pidOf(other));
    expect(refusal(path)).to.equal(undefined);
  });

  it('is refused before the port is opened if it belongs to a relay', async () => {
    const { path } = await withPidFile();
    const first = await start(path);
    const reason = `mini-serv: cannot use the pid file ${path}: process ${first.process.pid} runs with it; end that process, or name another file`;
    const { code, stderr } = await runCommand(['--pid-file', path, String(first.port)]);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: `Fatal error\n${reason}\n` });
    expect(readFileSync(path, 'utf8')).to.equal(pidOf(first));
  });

  it('is refused if it belongs to a relay that has changed its title to hide a password', async () => {
    const { path } = await withPidFile();
    const args = ['--pid-file', path, '--room', 'nats://u:p@127.0.0.1:1/x'];
    const first = await startServer({ args, port: 0 });
    await first.stderr.until('\n');
    writeFileSync(path, pidOf(first));
    expect(refusal(path)).to.match(/: process \d+ runs with it; /);
  });

  it('is refused if it has something else than a pid, since the path may be a mistake', async () => {
    const dir = await folder({ notes: 'remember\n', long: '1'.repeat(100), audit: '{"seq":0}\n' });
    symlinkSync('notes', join(dir, 'link'));
    for (const name of ['notes', 'long', 'audit']) {
      expect(refusal(join(dir, name))).to.match(
        /^mini-serv: cannot use the pid file \S+: it is not a pid file; /,
      );
    }
    for (const path of [dir, join(dir, 'link'), '/dev/null']) {
      expect(refusal(path)).to.match(/^mini-serv: cannot use the pid file \S+: it is not a regular file; /);
    }
  });

  it('is refused if its folder is missing', async () => {
    const dir = await folder({ file: '' });
    expect(refusal(join(dir, 'missing/pid'))).to.match(/missing\/pid: no such file or directory$/);
    expect(refusal(join(dir, 'file/pid'))).to.match(/file\/pid: (not a directory|permission denied)$/);
  });

  itWith('tmpfs', 'is a fatal error if the disk is full, and leaves nothing behind', async () => {
    const disk = (await smallDisk('64k')) as string;
    try {
      writeFileSync(join(disk, 'full'), Buffer.alloc(1024 * 1024));
    } catch {
      // As intended.
    }
    const { code, stderr } = await runCommand(['--pid-file', join(disk, 'pid'), '0']);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^Fatal error\n[^\n]+pid: no space left on device\n$/);
    expect(readdirSync(disk)).to.deep.equal(['full']);
  });
});
