import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { GRACE_MS } from '../../../bin/console.js';
import { findHolder } from '../../../lib/conformance/proc.js';
import { addCleanup } from '../../support/cleanup.js';
import { type Client, connectAs } from '../../support/client.js';
import { type Server, serverCommand, shell, startServer } from '../../support/command.js';
import { folder } from '../../support/modules.js';
import { freePort, isListening } from '../../support/ports.js';
import { isAlive } from '../../support/proc.js';
import { onTerminal } from '../../support/terminal.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';
import { arrivedNotice, relayed } from '../../support/wire.js';

const EXIT_0 = { code: 0, signal: null };

async function pairOf(server: Server): Promise<[Client, Client]> {
  const a = await connectAs(server);
  return [a, await connectAs(server, 1, a)];
}

/** Fails unless the relay still delivers lines after it has received a signal. */
async function expectSurvives(server: Server, signal: NodeJS.Signals): Promise<void> {
  const [a, b] = await pairOf(server);
  server.kill(signal);
  await a.send('one\n');
  await b.until(relayed(0, 'one'));
  // The signal may be handled after the first line, but not after the second.
  await a.send('two\n');
  await b.until(relayed(0, 'two'));
  await server.stop();
  expect(await server.exited).to.deep.equal(EXIT_0);
}

describe('mini-serv on SIGHUP without a terminal and without an audit', () => {
  it('continues under nohup', async () => {
    await expectSurvives(await startServer({ command: shell('exec nohup "$@"') }), 'SIGHUP');
  });

  it('continues with its standard streams closed or at /dev/null', async () => {
    const command = shell('exec "$@" < /dev/null > /dev/null 2>&-');
    await expectSurvives(await startServer({ command }), 'SIGHUP');
  });
});

describe('another command on SIGHUP without a terminal', () => {
  for (const [title, args] of Object.entries({
    try: ['try', '-t', 'exec=sleep 1; cat'],
    conformance: ['conformance', '--only', 'listens', '--timeout', '500ms', 'sleep', '60'],
  })) {
    it(`continues: ${title}`, async () => {
      const [file = '', ...command] = serverCommand();
      const child = spawn(file, [...command, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
      addCleanup(() => void child.kill('SIGKILL'));
      child.stdin.end('hello\n');
      await within(once(child.stdout, 'data'), 'the first output');
      child.kill('SIGHUP');
      const [, signal] = await within(once(child, 'exit'), 'the end of the command');
      expect({ code: child.exitCode, signal }).to.deep.equal({ code: title === 'try' ? 0 : 1, signal: null });
    });
  }
});

describe('mini-serv that loads a transform', () => {
  it('continues on SIGHUP and SIGUSR2, and ends on SIGTERM', async () => {
    const cwd = await folder({
      'slow.mjs': "process.stderr.write('loading\\n'); await new Promise(() => setTimeout(() => {}, 1e6));",
    });
    const server = await startServer({ args: ['-t', join(cwd, 'slow.mjs')], port: 0 });
    await server.stderr.until('loading\n');
    for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGTERM'] as const) server.kill(signal);
    expect(await within(server.exited, 'the end')).to.deep.equal({ code: null, signal: 'SIGTERM' });
  });
});

describeWith('python3', 'mini-serv on SIGHUP with a terminal', () => {
  it('ends in good order if the terminal is closed, with standard output in a file', async () => {
    const dir = await folder({});
    const server = await startServer({ command: onTerminal(`exec "$@" > ${dir}/log`) });
    const relay = findHolder(server.port) as number;
    const [a, b] = await pairOf(server);
    await a.send('hello\n');
    await b.until(relayed(0, 'hello'));
    // The terminal is closed with the process that holds its other end.
    server.kill('SIGKILL');
    await within(b.ended, 'the end of the connection');
    await eventually('the end of the relay', () => !isAlive(relay));
    expect(readFileSync(join(dir, 'log'), 'utf8')).to.include(relayed(0, 'hello'));
  });

  it('ends in good order if only the signal is sent', async () => {
    const server = await startServer({ command: onTerminal() });
    const [a] = await pairOf(server);
    process.kill(findHolder(server.port) as number, 'SIGHUP');
    await within(a.ended, 'the end of the connection');
    expect(await within(server.exited, 'the end of the relay')).to.deep.equal(EXIT_0);
  });

  it('continues under nohup when the terminal is closed', async () => {
    const dir = await folder({});
    const port = await freePort();
    // Job control gives the relay a process group of its own, and the shell ends as at a logout.
    const script = `cd ${dir} && set -m && nohup "$@" & while [ ! -e ${dir}/logout ]; do sleep 0.05; done`;
    const server = await startServer({ command: onTerminal(script), port });
    const relay = findHolder(port) as number;
    addCleanup(() => {
      if (isAlive(relay)) process.kill(relay, 'SIGKILL');
    });
    const [a, b] = await pairOf(server);
    server.kill('SIGKILL');
    await within(
      server.exited.catch(() => {}),
      'the end of the terminal',
    );
    process.kill(relay, 'SIGHUP');
    await a.send('hello\n');
    await b.until(relayed(0, 'hello'));
    process.kill(relay, 'SIGTERM');
    await eventually('the end of the relay', () => !isAlive(relay));
    expect(readFileSync(join(dir, 'nohup.out'), 'utf8')).to.include(relayed(0, 'hello'));
  });
});

describe('mini-serv on SIGUSR1', () => {
  it('opens no port for a debugger', async () => {
    const server = await startServer();
    await expectSurvives(server, 'SIGUSR1');
    expect(server.stderr.text).to.equal('');
  });
});

describe('mini-serv on SIGUSR2', () => {
  it('prints one line of statistics', async () => {
    const server = await startServer();
    await pairOf(server);
    await server.stdout.until(arrivedNotice(1));
    server.kill('SIGUSR2');
    await server.stderr.until('\n');
    expect(server.stderr.text).to.match(
      /^mini-serv: statistics clients=2 refused=0 lagging_clients=0 max_lag_bytes=0 output_lag_bytes=0 memory_bytes=\d+ disk_bytes=0 waiting_senders=0 pending_transforms=0 rss_bytes=\d+ uptime_s=\d+ waited_ms=0 transform_errors=0 lines_in=0 bytes_in=0 lines_out=1 bytes_out=\d+\n$/,
    );
  });

  it('does not end a relay that waits for its engine', async () => {
    const args = ['--room', `nats://127.0.0.1:${await freePort()}/lobby`];
    const server = await startServer({ args, port: 0 });
    await server.stderr.until('\n');
    server.kill('SIGUSR2');
    server.kill('SIGHUP');
    server.kill('SIGTERM');
    expect(await within(server.exited, 'the end of the relay')).to.deep.equal(EXIT_0);
  });
});

describe('mini-serv in the background of a script', () => {
  it('ends on SIGINT, although a shell sets it to be ignored there, because Node resets that', async () => {
    const server = await startServer({ command: shell('"$@" & wait; wait') });
    const [a] = await pairOf(server);
    process.kill(findHolder(server.port) as number, 'SIGINT');
    await within(a.ended, 'the end of the connection');
    expect(await within(server.exited, 'the end of the script')).to.deep.equal(EXIT_0);
  });
});

describeWith('PID namespace', 'mini-serv as the first process of a container', () => {
  const first = () => shell('exec unshare -p -f --kill-child "$@"');

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends in good order on ${signal}`, async () => {
      const server = await startServer({ command: first() });
      const [a] = await pairOf(server);
      process.kill(findHolder(server.port) as number, signal);
      await within(a.ended, 'the end of the connection');
      expect(await within(server.exited, 'the end of the relay')).to.deep.equal(EXIT_0);
    });
  }

  it('ends at once on a second signal, which has no default action there', async () => {
    const server = await startServer({ command: first(), args: ['--memory', '1M'] });
    const [a, b] = await pairOf(server);
    b.pause();
    const relay = findHolder(server.port) as number;
    const line = `${'x'.repeat(65_535)}\n`;
    for (let i = 0; i < 200; i++) await a.send(line);
    const start = performance.now();
    process.kill(relay, 'SIGTERM');
    await within(a.ended, 'the end of the connection');
    process.kill(relay, 'SIGTERM');
    const { code } = await within(server.exited, 'the end of the relay');
    // On a machine that is too slow, the grace period after the first signal may end before the second arrives.
    if (code === 0) expect(performance.now() - start).to.be.at.least(GRACE_MS);
    else expect(code).to.equal(143);
  });

  it('continues on SIGHUP', async () => {
    const server = await startServer({ command: first() });
    const [a, b] = await pairOf(server);
    process.kill(findHolder(server.port) as number, 'SIGHUP');
    await a.send('hello\n');
    await b.until(relayed(0, 'hello'));
    expect(isListening(server.port)).to.equal(true);
  });
});
