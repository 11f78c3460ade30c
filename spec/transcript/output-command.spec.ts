import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { lineMark } from '../../lib/util/line-mark.js';
import { type Client, connectAs, connectThree } from '../support/client.js';
import { type Server, shell, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { CTRL_C, onTerminal } from '../support/terminal.js';
import { describeWith } from '../support/tools.js';
import { eventually, within } from '../support/waiting.js';
import { joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';
import { CommandScene } from './command-scene.js';

// Little memory, so that the backlog is spilled by libuv's threads while others of them may wait for the output.
const MEMORY = ['--memory', '1M'];

describe('mini-serv with an output that fails', () => {
  it('retries a full disk, and prints at the end how much is missing', async () => {
    const command = shell('exec "$@" > /dev/full');
    const scene = await CommandScene.begin(await startServer({ args: MEMORY, command }));
    await scene.sendBulk();
    await scene.server.stderr.until('\n');
    const [first, last, ...more] = await scene.end();
    expect(first).to.match(/^mini-serv: standard output: write failed \(ENOSPC: .*\); retrying$/);
    expect(last).to.equal(
      `mini-serv: standard output: incomplete: the last ${scene.wire.length} bytes of messages are missing`,
    );
    expect(more).to.deep.equal([]);
  });

  it('prints one line when the reader of a pipe has closed it, and the room continues', async () => {
    const DIR = await folder({});
    const command = shell('mkfifo "$DIR/pipe" && { head -n 1 < "$DIR/pipe" & exec "$@" > "$DIR/pipe"; }');
    const server = await startServer({ args: MEMORY, command, env: { DIR } });
    const closed = server.process.stdout && once(server.process.stdout, 'close');
    const scene = await CommandScene.begin(server);
    await closed;
    await scene.sendBulk();
    await scene.send('hello');
    expect(await scene.end()).to.deep.equal([
      'mini-serv: standard output: write failed (write EPIPE); nothing more is written to it',
    ]);
  });

  it('does not wait for a pipe that is not read, neither in the room nor for long at the end', async () => {
    const server = await startServer({ args: ['--format', 'json', ...MEMORY] });
    server.process.stdout?.pause();
    const scene = await CommandScene.begin(server);
    await scene.sendBulk();
    server.kill('SIGTERM');
    // The pipe stays open: this process has it.
    await within(once(server.process, 'exit'), 'the end of the server');
    await server.stderr.until('\n');
    expect(server.stderr.text).to.match(
      /^mini-serv: standard output: incomplete: the last \d+ bytes of messages are missing\n$/,
    );
  });

  it('continues at a limit of the length of files (ulimit -f)', async () => {
    const DIR = await folder({});
    const command = shell('ulimit -f 100 && exec "$@" > "$DIR/out"');
    // The engine's file for coverage would exceed the limit, too.
    const env = { DIR, NODE_V8_COVERAGE: '' };
    const scene = await CommandScene.begin(await startServer({ command, env }));
    await scene.sendBulk(1);
    expect((await scene.end())[0]).to.match(/write failed \(EFBIG: .*\); retrying$/);
    expect((await readFile(join(DIR, 'out'))).length).to.be.within(50_000, 102_400);
  });
});

describe('mini-serv with an output that it shares with other programs', () => {
  it('leaves a pipe or socket open for them when it ends', async () => {
    const pid = join(await folder({}), 'pid');
    for (const script of ['"$@"; echo after', '{ "$@"; echo after; } | cat']) {
      const server = await startServer({ command: shell(script), args: ['--pid-file', pid] });
      await eventually('the pid file', () => existsSync(pid));
      const client = await connectAs(server);
      await client.send('hello\n');
      await server.stdout.until(relayed(0, 'hello'));
      process.kill(Number(await readFile(pid, 'utf8')));
      await server.stdout.until('after\n');
    }
  });
});

describeWith('python3', 'mini-serv on a terminal that is stopped with Ctrl-S', () => {
  const [CTRL_S, CTRL_Q] = ['\x13', '\x11'];

  async function stopped(args: string[]): Promise<[Server, Client, Client, Client]> {
    const server = await startServer({ command: onTerminal(), args });
    const clients = await connectThree(server);
    await server.stdout.until('client 2 just arrived');
    server.process.stdin?.write(CTRL_S);
    return [server, ...clients];
  }

  it('continues the room, and shows everything after Ctrl-Q', async () => {
    const [server, sender, receiver] = await stopped(MEMORY);
    await sender.send(joinLines(numberedLines(1)));
    await receiver.until(`${numberedLines(1).at(-1)}\n`);
    // The terminal itself holds a few pages.
    expect(server.stdout.bytes.length).to.be.below(500_000);
    server.process.stdin?.write(CTRL_Q);
    await server.stdout.until(`${numberedLines(1).at(-1)}\r\n`);
    const shown = server.stdout.text.replaceAll('\r\n', '\n');
    const expected = relayed(0, ...numberedLines(1)).replace(/^(?=.)/gm, lineMark().text);
    expect(shown.endsWith(expected)).to.equal(true);
    server.process.stdin?.write(CTRL_C);
    expect(await within(server.exited, 'the end of the server')).to.deep.equal({ code: 0, signal: null });
  });

  it('continues the room although there is a message for the operator', async () => {
    const [server, sender, receiver, third] = await stopped(['--verbose', '--max-line', '1500', ...MEMORY]);
    await third.send('x'.repeat(1501));
    await receiver.until(leftNotice(2));
    await sender.send(joinLines(numberedLines(1)));
    await receiver.until(`${numberedLines(1).at(-1)}\n`);
    server.process.stdin?.write(CTRL_Q);
    await server.stdout.until((bytes) => /mini-serv: .*client 2/.test(bytes.toString('latin1')));
  });

  it('ends on Ctrl-C', async () => {
    const [server, sender] = await stopped([]);
    await sender.send('hello\n');
    server.process.stdin?.write(CTRL_C);
    await within(sender.ended, 'the end of a connection');
    await within(once(server.process, 'exit'), 'the end of the server');
  });
});

describe('mini-serv --format', () => {
  it('writes the given format on standard output, and escapes nothing in wire', async () => {
    for (const [format, expected] of [
      ['wire', relayed(0, '\x1b[2J')],
      ['text', 'Z client 0: \\x1b[2J\n'],
    ] as const) {
      const server = await startServer({ args: ['--format', format] });
      const client = await connectAs(server);
      await client.send('\x1b[2J\n');
      await server.stdout.until('2J\n');
      expect(server.stdout.text.endsWith(expected)).to.equal(true);
    }
  });
});
