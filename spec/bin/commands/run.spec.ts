import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { GRACE_MS } from '../../../bin/console.js';
import { lineMark } from '../../../lib/util/line-mark.js';
import { type Client, connect, connectAs, connectThree } from '../../support/client.js';
import { startClientProcess } from '../../support/client-process.js';
import { type Server, shell, startServer } from '../../support/command.js';
import { folder } from '../../support/modules.js';
import { CTRL_C, onTerminal } from '../../support/terminal.js';
import { describeWith } from '../../support/tools.js';
import { within } from '../../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../../support/wire.js';

const EXIT_0 = { code: 0, signal: null };
const MIB = 2 ** 20;
/** More than the kernel buffers for one connection, and little enough to deliver within the grace period. */
const BACKLOG_MEGABYTES = 12;
/** The same for standard output: a pipe holds 64 KiB, so that a busy machine needs many turns for each megabyte. */
const TRANSCRIPT_MEGABYTES = 2;

describe('mini-serv <port>', () => {
  it('takes a free port for port 0, and prints it', async () => {
    const server = await startServer({ port: 0 });
    await server.stderr.until('\n');
    const port = Number(/\b\d{4,5}\b/.exec(server.stderr.text)?.[0]);
    const a = await connectAs({ ...server, port });
    await connectAs({ ...server, port }, 1, a);
  });

  for (const tail of ['', '\n']) {
    const state = tail === '' ? 'unfinished' : 'finished';
    it(`disconnects a client whose ${state} line is longer than --max-line`, async () => {
      const server = await startServer({ args: ['--verbose', '--max-line', '10'] });
      const [a, b, c] = await connectThree(server);
      await b.send(`before\n0123456789\n0123456789a${tail}`);
      await within(b.closed, 'the end of the connection');
      await c.until(leftNotice(1));
      await a.send('0123456789\n');
      await c.receives(relayed(1, 'before', '0123456789'), leftNotice(1), relayed(0, '0123456789'));
      await server.stderr.until('client 1');
    });
  }

  it('prints nothing about a line that is too long without --verbose', async () => {
    const server = await startServer({ args: ['--max-line', '10'] });
    const [a, b] = await connectThree(server);
    await b.send('0123456789a');
    await a.until(leftNotice(1));
    await server.stop();
    expect(server.stderr.text).to.equal('');
  });

  it("keeps unfinished lines of 16 MiB from six clients outside of V8's heap of 64 MB", async () => {
    const env = { NODE_OPTIONS: '--max-old-space-size=64', NODE_V8_COVERAGE: '' };
    const server = await startServer({ env });
    const clients = [await connectAs(server)];
    for (let id = 1; id < 7; id++) clients.push(await connectAs(server, id, clients[0]));
    await Promise.all(clients.slice(1).map((client) => client.send('x'.repeat(16 * MIB))));
    await clients[1]?.send('\n');
    await clients[0]?.until((bytes) => bytes.length > 16 * MIB && bytes.at(-1) === 0x0a);
  });

  it('reports that it refuses connections at the limit of file descriptors', async () => {
    const server = await startServer({ command: shell('ulimit -n 256 && exec "$@"') });
    await connectAs(server);
    for (let i = 0; i < 300; i++) await connect(server);
    await server.stderr.until('refusing connections: the limit of file descriptors is reached');
  });
});

describe('mini-serv <port>: the transcript on standard output', () => {
  it('contains all messages in the bytes and the order in which clients receive them', async () => {
    const server = await startServer();
    const [witness, b, c] = await connectThree(server);
    for (let i = 0; i < 200; i++) for (const client of [b, c]) void client.send(`\r\x1b\0${i}\n\n`);
    await Promise.all([b.send('end\n'), c.send('end\n')]);
    b.end();
    c.end();
    for (const notice of [leftNotice(1), leftNotice(2)]) await witness.until(notice);
    await server.stdout.exactly(Buffer.concat([Buffer.from(arrivedNotice(0)), witness.received]));
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(EXIT_0);
    expect(server.stderr.text).to.equal('');
  });

  it('keeps bytes that are not valid UTF-8', async () => {
    const server = await startServer();
    const a = await connectAs(server);
    await a.send(Buffer.from([0xff, 0xfe, 0x0d, 0x0a]));
    const line = Buffer.from([...Buffer.from('client 0: '), 0xff, 0xfe, 0x0d, 0x0a]);
    await server.stdout.exactly(Buffer.concat([Buffer.from(arrivedNotice(0)), line]));
  });

  it('is complete in a file', async () => {
    const path = join(await folder({}), 'audit.log');
    const server = await startServer({ command: shell('exec "$@" > "$FILE"'), env: { FILE: path } });
    const expected = await playSession(server);
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(EXIT_0);
    expect(await readFile(path, 'utf8')).to.equal(expected);
  });

  it('is complete behind a pipe to tee', async () => {
    const path = await folder({});
    const server = await startServer({ command: pipedTo('tee "$DIR/audit.log"'), env: { DIR: path } });
    const expected = await playSession(server);
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(EXIT_0);
    expect(server.stdout.text).to.equal(expected);
    expect(await readFile(join(path, 'audit.log'), 'utf8')).to.equal(expected);
  });

  it('does not disturb the room when its reader ends', async () => {
    const server = await startServer({ command: pipedTo('head -n 1'), env: { DIR: await folder({}) } });
    const closed = server.process.stdout && once(server.process.stdout, 'close');
    const [a, b, c] = await connectThree(server);
    await closed;
    expect(server.stdout.text).to.equal(arrivedNotice(0));
    const lines = ['one', 'two', 'three'];
    for (const [i, line] of lines.entries()) {
      await a.send(`${line}\n`);
      await b.receives(arrivedNotice(2), relayed(0, ...lines.slice(0, i + 1)));
    }
    await c.receives(relayed(0, ...lines));
    server.kill('SIGTERM');
    expect(await server.exited).to.deep.equal(EXIT_0);
  });

  it('delays no client while its reader is stalled, and is complete in the end', async () => {
    const server = await startServer();
    server.process.stdout?.pause();
    const [a, b] = await connectThree(server);
    const lines = numberedLines(TRANSCRIPT_MEGABYTES);
    await a.send(joinLines(lines));
    await b.receives(arrivedNotice(2), relayed(0, ...lines));
    server.kill('SIGTERM');
    server.process.stdout?.resume();
    expect(await server.exited).to.deep.equal(EXIT_0);
    const expected = Buffer.from(
      [arrivedNotice(0), arrivedNotice(1), arrivedNotice(2), relayed(0, ...lines)].join(''),
    );
    expect(server.stdout.bytes.subarray(0, expected.length).equals(expected)).to.equal(true);
  });
});

describe('mini-serv <port>: signals', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends every connection and exits with 0 on ${signal}, even while a client is sending`, async () => {
      const server = await startServer();
      const clients = await connectThree(server);
      const [a, b] = clients;
      a.send(joinLines(numberedLines(2))).catch(() => {});
      await b.until('client 0: 100 ');
      server.kill(signal);
      for (const client of clients) await within(client.ended, 'the end of a connection');
      expect(await server.exited).to.deep.equal(EXIT_0);
      expect(server.stderr.text).to.equal('');
    });
  }

  it('delivers the backlog of a client that reads before it ends', async () => {
    const server = await startServer();
    const [a, b, c] = await connectThree(server);
    b.pause();
    const lines = numberedLines(BACKLOG_MEGABYTES);
    await a.send(joinLines(lines));
    await c.receives(relayed(0, ...lines));
    server.kill('SIGTERM');
    b.resume();
    await within(b.ended, 'the end of the connection');
    const owed = Buffer.from(arrivedNotice(2) + relayed(0, ...lines));
    expect(b.received.subarray(0, owed.length).equals(owed)).to.equal(true);
    expect(await server.exited).to.deep.equal(EXIT_0);
  });

  it('ends although the process of a client with a backlog is stopped', async () => {
    const [server, reader] = await startWithStalledClient();
    server.kill('SIGTERM');
    await within(reader.ended, 'the end of the other connections');
    expect(await within(server.exited, 'the end of the server')).to.deep.equal(EXIT_0);
  });

  it('ends at once on a second signal', async () => {
    const [server, reader] = await startWithStalledClient();
    const start = performance.now();
    server.kill('SIGTERM');
    // The end of this connection shows that the server has handled the first signal.
    await reader.ended;
    server.kill('SIGTERM');
    const { signal } = await within(server.exited, 'the end of the server');
    // On a machine that is too slow, the grace period after the first signal may end before the second arrives.
    if (signal === null) expect(performance.now() - start).to.be.at.least(GRACE_MS);
    else expect(signal).to.equal('SIGTERM');
  });
});

describeWith('python3', 'mini-serv <port> on a terminal', () => {
  it('prints where it listens and how to join, and ends on Ctrl-C', async () => {
    const server = await startServer({ command: onTerminal() });
    const screen = server.stdout;
    // The relay accepts clients while it opens the terminal for this line.
    await screen.until('\n');
    const a = await connectAs(server);
    await screen.until(arrivedNotice(0).trimEnd());
    const [first, second] = screen.text.split('\r\n');
    expect(first).to.contain(`nc 127.0.0.1 ${server.port}`);
    expect(second).to.equal(lineMark().text + arrivedNotice(0).trimEnd());
    server.process.stdin?.write(CTRL_C);
    await within(a.ended, 'the end of the connection');
    expect(await server.exited).to.deep.equal(EXIT_0);
  });

  it('escapes control characters on the screen, but not for clients', async () => {
    const server = await startServer({ command: onTerminal() });
    const screen = server.stdout;
    // The relay accepts clients while it opens the terminal for this line.
    await screen.until('\n');
    const a = await connectAs(server);
    const forged = '\rserver: client 3 just left';
    const controls = ['\x1b[2J', '\x1b]0;title\x07', '\b\x7f\0\v\f', '\u009b2J', '\u202e\u2066\u200f\u061c'];
    const kept = '\tkept: é€😀';
    await a.send(joinLines([forged, ...controls]));
    await a.send(Buffer.from([0x9b, 0x32, 0x4a, 0xff, 0x0a]));
    await a.send(joinLines([kept, 'end']));
    await screen.until('client 0: end\r\n');
    const shown = new TextDecoder('utf-8', { fatal: true }).decode(screen.bytes).split('\r\n');
    const mark = lineMark().text;
    const from = shown.indexOf(mark + arrivedNotice(0).trimEnd()) + 1;
    const lines = shown.slice(from, -1).map((line) => line.replace(mark, ''));
    expect(lines.length).to.equal(controls.length + 4);
    for (const line of lines) {
      expect(line).to.match(/^client 0: /);
      expect([...line].filter(isControl), JSON.stringify(line)).to.deep.equal([]);
    }
    expect(lines[0]).to.contain(forged.slice(1));
    expect(lines.at(-2)).to.equal(`client 0: ${kept}`);
    const b = await connectAs(server, 1, a);
    await a.send(`${forged}\n`);
    await b.receives(relayed(0, forged));
    server.process.stdin?.write(CTRL_C);
    expect(await server.exited).to.deep.equal(EXIT_0);
  });
});

/** Two clients arrive, send lines and leave; returns the transcript of that. */
async function playSession(server: Server): Promise<string> {
  const a = await connectAs(server);
  const b = await connectAs(server, 1, a);
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}`);
  b.socket.end(joinLines(lines));
  await a.receives(arrivedNotice(1), relayed(1, ...lines), leftNotice(1));
  a.end();
  await a.ended;
  return [arrivedNotice(0), arrivedNotice(1), relayed(1, ...lines), leftNotice(1), leftNotice(0)].join('');
}

/** A server with a client that reads, and a client with a backlog whose process is stopped. */
async function startWithStalledClient(): Promise<[Server, Client]> {
  const server = await startServer();
  const a = await connectAs(server);
  const reader = await connectAs(server, 1, a);
  const stalled = startClientProcess(server);
  await reader.until(arrivedNotice(2));
  stalled.suspend();
  const lines = numberedLines(BACKLOG_MEGABYTES);
  await a.send(joinLines(lines));
  await reader.receives(arrivedNotice(2), relayed(0, ...lines));
  return [server, reader];
}

/** Returns `mini-serv … | reader` in a form in which the started process is the server, so that it can be signalled. */
function pipedTo(reader: string): string[] {
  return shell(`mkfifo "$DIR/pipe" && { ${reader} < "$DIR/pipe" & exec "$@" > "$DIR/pipe"; }`);
}

/** Whether a character is C0 except the tab, DEL, C1, or changes the direction of writing. */
function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  return (code < 0x20 && code !== 9) || (code >= 0x7f && code < 0xa0) || bidi.test(character);
}
