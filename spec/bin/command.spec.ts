// What this relay's command does beside the protocol: no other mini_serv is asked for it.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterwards } from '../support/cleanup.js';
import { arrive, type Client, connect, trio } from '../support/client.js';
import { runCommand, type Server, shell, startServer } from '../support/command.js';
import { outsider } from '../support/outsider.js';
import { isListening } from '../support/ports.js';
import { CTRL_C, hasTerminal, onTerminal } from '../support/terminal.js';
import { eventually, within } from '../support/waiting.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

const QUIET_END = { code: 0, signal: null };

describe('command: options', () => {
  it('shows how to use it', async () => {
    const { stdout, ...rest } = await runCommand(['--help']);
    expect(rest).to.deep.equal({ ...QUIET_END, stderr: '' });
    for (const word of ['mini-serv', '<port>', '--max-line', '--verbose', '--help', '--version'])
      expect(stdout).to.contain(word);
  });

  it('does not mind that nobody reads how to use it', async () => {
    const { code, stderr } = await runCommand([], shell('"$@" --help > /dev/full'));
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('tells its version', async () => {
    const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await runCommand(['--version'])).to.deep.equal({
      ...QUIET_END,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  for (const args of [['--frobnicate', '4242'], ['4242', '--frobnicate'], ['--frobnicate']]) {
    it(`names an option that it does not know: ${args.join(' ')}`, async () => {
      const { stderr, ...rest } = await runCommand(args);
      expect(rest).to.deep.equal({ code: 1, signal: null, stdout: '' });
      expect(stderr).to.contain('--frobnicate');
      expect(stderr).not.to.contain('Fatal error');
    });
  }

  for (const args of [
    ['--max-line', 'abc', '4242'],
    ['4242', '--max-line'],
    ['--max-line', '0', '4242'],
    ['--max-line', '999G', '4242'],
  ]) {
    it(`refuses a value that makes no sense: ${args.join(' ')}`, async () => {
      const { stderr, ...rest } = await runCommand(args);
      expect(rest).to.deep.equal({ code: 1, signal: null, stdout: '' });
      expect(stderr).to.contain('--max-line');
    });
  }

  it('checks a port behind -- as any other', async () => {
    const refused = { code: 1, signal: null, stdout: '', stderr: 'Fatal error\n' };
    expect(await runCommand(['--', '-1'])).to.deep.equal(refused);
  });

  for (const args of [
    ['-t', '-x'],
    ['--memory', '--verbose', '1'],
    ['--memory', '1\n2\x1b[2J', '1'],
    ['-t', 'no\nsuch', '0'],
  ]) {
    it(`says in one line what is wrong: ${JSON.stringify(args)}`, async () => {
      const { code, stderr } = await runCommand(args);
      expect(code).to.equal(1);
      expect(stderr).to.match(/^\P{Cc}+\n$/u);
    });
  }

  it('says why on a line of its own when asked to', async () => {
    const first = await startServer();
    await arrive(first);
    for (const port of [`${first.port}`, '70000', '-1']) {
      const { stderr, ...rest } = await runCommand(['--verbose', port]);
      expect(rest).to.deep.equal({ code: 1, signal: null, stdout: '' });
      expect(stderr).to.match(/^Fatal error\n[^\n]+\n$/);
    }
  });

  it('takes a free port for port 0, and says which', async () => {
    const server = await startServer({ port: 0 });
    await server.stderr.until('\n');
    const port = Number(/\b\d{4,5}\b/.exec(server.stderr.text)?.[0]);
    const a = await arrive({ ...server, port });
    await arrive({ ...server, port }, 1, a);
  });

  for (const tail of ['', '\n']) {
    it(`disconnects who exceeds --max-line, ${tail ? 'line finished' : 'line unfinished'}`, async () => {
      const server = await startServer({ args: ['--verbose', '--max-line', '10'] });
      const [a, b, c] = await trio(server);
      await b.send(`before\n0123456789\n0123456789a${tail}`);
      await within(b.closed, 'the end of the connection');
      await c.until(left(1));
      await a.send('0123456789\n');
      await c.hears(said(1, 'before', '0123456789'), left(1), said(0, '0123456789'));
      await server.stderr.until('client 1');
    });
  }

  it('says nothing of a line too long unless asked to', async () => {
    const server = await startServer({ args: ['--max-line', '10'] });
    const [a, b] = await trio(server);
    await b.send('0123456789a');
    await a.until(left(1));
    await server.stop();
    expect(server.stderr.text).to.equal('');
  });
});

describe('command: lines that are not finished', () => {
  it('are held outside of the engine’s heap, which some clients could fill', async () => {
    const server = await startServer({
      env: { NODE_OPTIONS: '--max-old-space-size=64', NODE_V8_COVERAGE: '' },
    });
    const talkers = [await arrive(server)];
    for (let id = 1; id < 12; id++) talkers.push(await arrive(server, id, talkers[0]));
    await Promise.all(talkers.slice(1).map((client) => client.send('x'.repeat(16 * 2 ** 20))));
    await talkers[1]?.send('\n');
    await talkers[0]?.until((bytes) => bytes.length > 16 * 2 ** 20 && bytes.at(-1) === 0x0a);
  });
});

describe('command: the limit of descriptors', () => {
  it('is told of on standard error when clients are refused for it', async () => {
    const server = await startServer({ command: shell('ulimit -n 256 && exec "$@"') });
    await arrive(server);
    for (let i = 0; i < 300; i++) await connect(server);
    await server.stderr.until('refused');
  });
});

describe('command: the transcript on standard output', () => {
  it('is all that is said, as it stands on the wire, in the same order', async () => {
    const server = await startServer();
    const [witness, b, c] = await trio(server);
    for (let i = 0; i < 200; i++) for (const who of [b, c]) void who.send(`\r\x1b\0${i}\n\n`);
    await Promise.all([b.send('end\n'), c.send('end\n')]);
    b.end();
    c.end();
    for (const wanted of [left(1), left(2)]) await witness.until(wanted);
    await server.stdout.exactly(Buffer.concat([Buffer.from(arrived(0)), witness.received]));
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(QUIET_END);
    expect(server.stderr.text).to.equal('');
  });

  it('keeps bytes that are no UTF-8', async () => {
    const server = await startServer();
    const a = await arrive(server);
    await a.send(Buffer.from([0xff, 0xfe, 0x0d, 0x0a]));
    const line = Buffer.from([...Buffer.from('client 0: '), 0xff, 0xfe, 0x0d, 0x0a]);
    await server.stdout.exactly(Buffer.concat([Buffer.from(arrived(0)), line]));
  });

  it('can be sent to a file', async () => {
    const path = join(await folder(), 'audit.log');
    const server = await startServer({ command: shell('exec "$@" > "$FILE"'), env: { FILE: path } });
    const expected = await session(server);
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(QUIET_END);
    expect(await readFile(path, 'utf8')).to.equal(expected);
  });

  it('can be piped through tee', async () => {
    const path = await folder();
    const server = await startServer({ command: pipedTo('tee "$DIR/audit.log"'), env: { DIR: path } });
    const expected = await session(server);
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(QUIET_END);
    expect(server.stdout.text).to.equal(expected);
    expect(await readFile(join(path, 'audit.log'), 'utf8')).to.equal(expected);
  });

  it('may be closed early, and the room goes on', async () => {
    const server = await startServer({ command: pipedTo('head -n 1'), env: { DIR: await folder() } });
    const closed = server.process.stdout && once(server.process.stdout, 'close');
    const [a, b, c] = await trio(server);
    await closed;
    expect(server.stdout.text).to.equal(arrived(0));
    const lines = ['one', 'two', 'three'];
    for (const [i, line] of lines.entries()) {
      await a.send(`${line}\n`);
      await b.hears(arrived(2), said(0, ...lines.slice(0, i + 1)));
    }
    await c.hears(said(0, ...lines));
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(QUIET_END);
  });

  it('holds nobody up when nobody reads it, and is complete in the end', async () => {
    const server = await startServer();
    server.process.stdout?.pause();
    const [a, b] = await trio(server);
    const much = bulk(20);
    await a.send(packet(much));
    await b.hears(arrived(2), said(0, ...much));
    server.kill('SIGTERM');
    server.process.stdout?.resume();
    expect(await server.exited).to.deep.equal(QUIET_END);
    const expected = Buffer.from([arrived(0), arrived(1), arrived(2), said(0, ...much)].join(''));
    expect(server.stdout.bytes.subarray(0, expected.length).equals(expected)).to.equal(true);
  });
});

describe('command: signals', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends every connection in good order on ${signal}, also of those still talking`, async () => {
      const server = await startServer();
      const clients = await trio(server);
      const [a, b] = clients;
      a.send(packet(bulk(2))).catch(() => {});
      await b.until('client 0: 100 ');
      server.kill(signal);
      for (const client of clients) await within(client.ended, 'the end of a connection');
      expect(await server.exited).to.deep.equal(QUIET_END);
      expect(server.stderr.text).to.equal('');
    });
  }

  it('delivers first what is owed to a client that reads', async () => {
    const server = await startServer();
    const [a, b, c] = await trio(server);
    b.pause();
    const much = bulk(20);
    await a.send(packet(much));
    await c.hears(said(0, ...much));
    server.kill('SIGTERM');
    b.resume();
    await within(b.ended, 'the end of the connection');
    const owed = Buffer.from(arrived(2) + said(0, ...much));
    expect(b.received.subarray(0, owed.length).equals(owed)).to.equal(true);
    expect(await server.exited).to.deep.equal(QUIET_END);
  });

  it('is not held up by a client that stands still', async () => {
    const [server, live] = await withStalled();
    server.kill('SIGTERM');
    await within(live.ended, 'the end of the other connections');
    expect(await within(server.exited, 'the end of the server')).to.deep.equal(QUIET_END);
  });

  it('ends at once on a second signal', async () => {
    const [server, live] = await withStalled();
    server.kill('SIGTERM');
    // That the first has been heard shows in that nobody listens any more, or in the end of a connection.
    if ((await isListening(server.port)) === undefined) await live.ended;
    else await eventually('no listener', async () => !(await isListening(server.port)));
    server.kill('SIGTERM');
    await within(server.exited, 'the end of the server');
  });
});

describe('command: on a terminal', () => {
  before('needs python3 for a terminal', function () {
    if (!hasTerminal()) this.skip();
  });

  it('says on one line where it listens and how to join, and ends on Ctrl-C', async () => {
    const { server, screen } = await terminal();
    const a = await arrive(server);
    await screen.until(arrived(0).trimEnd());
    const [first, second] = screen.text.split('\r\n');
    expect(first).to.contain(`nc 127.0.0.1 ${server.port}`);
    expect(second).to.equal(arrived(0).trimEnd());
    server.process.stdin?.write(CTRL_C);
    await within(a.ended, 'the end of the connection');
    expect(await server.exited).to.deep.equal(QUIET_END);
  });

  it('shows escaped what could move the cursor or forge a notice', async () => {
    const { server, screen } = await terminal();
    const a = await arrive(server);
    const forged = '\rserver: client 3 just left';
    const controls = ['\x1b[2J', '\x1b]0;title\x07', '\b\x7f\0\v\f', '\u009b2J', '\u202e\u2066\u200f\u061c'];
    const kept = '\tkept: é€😀';
    await a.send(packet([forged, ...controls]));
    await a.send(Buffer.from([0x9b, 0x32, 0x4a, 0xff, 0x0a]));
    await a.send(packet([kept, 'end']));
    await screen.until('client 0: end\r\n');
    const shown = new TextDecoder('utf-8', { fatal: true }).decode(screen.bytes).split('\r\n');
    const from = shown.indexOf(arrived(0).trimEnd()) + 1;
    const lines = shown.slice(from, -1);
    expect(lines.length).to.equal(controls.length + 4);
    for (const line of lines) {
      expect(line).to.match(/^client 0: /);
      expect([...line].filter(isControl), JSON.stringify(line)).to.deep.equal([]);
    }
    expect(lines[0]).to.contain(forged.slice(1));
    expect(lines.at(-2)).to.equal(`client 0: ${kept}`);
    // The others are no terminal.
    const b = await arrive(server, 1, a);
    await a.send(`${forged}\n`);
    await b.hears(said(0, forged));
    server.process.stdin?.write(CTRL_C);
    expect(await server.exited).to.deep.equal(QUIET_END);
  });
});

/** A few words, with everyone gone in the end; returns the transcript of it. */
async function session(server: Server): Promise<string> {
  const a = await arrive(server);
  const b = await arrive(server, 1, a);
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}`);
  b.socket.end(packet(lines));
  await a.hears(arrived(1), said(1, ...lines), left(1));
  a.end();
  await a.ended;
  return [arrived(0), arrived(1), said(1, ...lines), left(1), left(0)].join('');
}

/** A server with a client that reads, and one with a backlog whose process stands still. */
async function withStalled(): Promise<[Server, Client]> {
  const server = await startServer();
  const a = await arrive(server);
  const live = await arrive(server, 1, a);
  const still = outsider(server);
  await live.until(arrived(2));
  still.halt();
  const much = bulk(20);
  await a.send(packet(much));
  await live.hears(arrived(2), said(0, ...much));
  return [server, live];
}

/** `mini-serv … | reader` in which the process started is the server, so that it can be signalled. */
function pipedTo(reader: string): string[] {
  return shell(`mkfifo "$DIR/pipe" && { ${reader} < "$DIR/pipe" & exec "$@" > "$DIR/pipe"; }`);
}

async function terminal() {
  const server = await startServer({ command: onTerminal() });
  return { server, screen: server.stdout };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'mini-serv-spec-'));
  afterwards(() => rm(path, { recursive: true }));
  return path;
}

/** C0 but the tab, DEL, C1, and what turns the direction of writing. */
function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  return (code < 0x20 && code !== 9) || (code >= 0x7f && code < 0xa0) || bidi.test(character);
}
