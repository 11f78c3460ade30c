// Standard output, whatever it is and whatever becomes of it: the room goes on.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { arrive, type Client, trio } from '../support/client.js';
import { startClientProcess } from '../support/client-process.js';
import { runCommand, type Server, shell, startServer } from '../support/command.js';
import { folder } from '../support/modules.js';
import { CTRL_C, hasTerminal, onTerminal } from '../support/terminal.js';
import { eventually, within } from '../support/waiting.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

const QUIET_END = { code: 0, signal: null };
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** What a sink may hold up the end, and what a loaded machine may add. */
const GRACE = 2500 + 1500;

/** Somebody speaks, and is heard: more than any buffer could hold. */
async function speak(speaker: Client, listener: Client, megabytes: number): Promise<string[]> {
  const lines = bulk(megabytes);
  const before = listener.received.length;
  const expected = said(0, ...lines);
  await speaker.send(packet(lines));
  await listener.until((bytes) => bytes.length >= before + expected.length);
  expect(listener.received.subarray(before).equals(Buffer.from(expected))).to.equal(true);
  return lines;
}

/** Clients 1 and 2. */
async function pairAfter(server: Server): Promise<[Client, Client]> {
  const first = await arrive(server);
  return [first, await arrive(server, 2, first)];
}

async function pair(server: Server): Promise<[Client, Client]> {
  const first = await arrive(server);
  return [first, await arrive(server, 1, first)];
}

/** SIGTERM, and an end in time. */
async function ends(server: Server): Promise<void> {
  server.kill('SIGTERM');
  expect(await within(server.exited, 'the end of the server', GRACE)).to.deep.equal(QUIET_END);
}

const linesOf = (server: Server): string[] => server.stderr.text.split('\n').slice(0, -1);

describe('command: --format', () => {
  it('json writes an object a line', async () => {
    const server = await startServer({ args: ['--format', 'json'] });
    const a = await arrive(server);
    await a.send(Buffer.from('plain\n\xff"\n', 'latin1'));
    a.end();
    await a.ended;
    await server.stdout.until('"left"');
    const records = server.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { time } of records) expect(time).to.match(ISO);
    expect(records.map(({ time: _, ...record }) => record)).to.deep.equal([
      { seq: 0, event: 'arrived', client: 0 },
      { seq: 1, event: 'line', client: 0, text: 'plain' },
      {
        seq: 2,
        event: 'line',
        client: 0,
        text: '\ufffd"',
        base64: Buffer.from([0xff, 0x22]).toString('base64'),
      },
      { seq: 3, event: 'left', client: 0 },
    ]);
    await ends(server);
  });

  it('text writes the time before each line, and shows control characters', async () => {
    const server = await startServer({ args: ['--format=text'] });
    const a = await arrive(server);
    await a.send('\x1b[2Jé\n');
    await server.stdout.until('é\n');
    const [first = '', second = ''] = server.stdout.text.split('\n');
    for (const line of [first, second]) expect(line.slice(0, line.indexOf(' '))).to.match(ISO);
    expect(first.slice(25)).to.equal('server: client 0 just arrived');
    expect(second.slice(25)).to.equal('client 0: \\x1b[2Jé');
  });

  it('wire is what goes over the network', async () => {
    const server = await startServer({ args: ['--format', 'wire'] });
    const a = await arrive(server);
    await a.send('\x1b[2J\r\n');
    await server.stdout.exactly(Buffer.from(arrived(0) + said(0, '\x1b[2J\r')));
  });

  it('refuses a format that there is not, and says which there are', async () => {
    const { code, stderr } = await runCommand(['--format', 'xml', '4242']);
    expect(code).to.equal(1);
    expect(stderr).to.equal("--format wants wire, text, json, not 'xml'\n");
  });

  it('gives the time at which it was said, not that at which a slow reader took it', async () => {
    const server = await startServer({ args: ['--format', 'json'] });
    server.process.stdout?.pause();
    const [a, b] = await pair(server);
    const began = Date.now();
    await speak(a, b, 8);
    const ended = Date.now();
    await eventually('some time to pass', () => Date.now() > ended + 300);
    server.process.stdout?.resume();
    await server.stdout.until('7999 abc');
    const times = [...server.stdout.text.matchAll(/"time":"([^"]*)","event":"line"/g)].map(([, t = '']) =>
      Date.parse(t),
    );
    expect(times).to.have.length(8000);
    for (const time of times) expect(time).to.be.within(began, ended);
  });
});

describe('command: standard output that is amiss', () => {
  for (const format of ['wire', 'json']) {
    describe(`in format ${format}`, () => {
      // Little memory, so that what is kept for it goes over the disk, and libuv's threads.
      const args = ['--format', format, '--memory', '1M'];

      it('/dev/full: the room goes on, it is said once, and what is missing is said in the end', async () => {
        const server = await startServer({ args, command: shell('exec "$@" > /dev/full') });
        const [a, b] = await pair(server);
        await speak(a, b, 8);
        await server.stderr.until('\n');
        await ends(server);
        const [begins = '', ending = '', ...more] = linesOf(server);
        expect(begins).to.match(/^mini-serv: standard output cannot be written; retrying: ENOSPC/);
        const bytes = (arrived(0) + arrived(1) + said(0, ...bulk(8))).length;
        expect(ending).to.match(
          new RegExp(
            `^mini-serv: standard output is not whole: the last ${bytes} bytes of what was said are not in it`,
          ),
        );
        expect(more).to.deep.equal([]);
      });

      it('| head -1: it is given up with one line on standard error, and the room goes on', async () => {
        const DIR = await folder({});
        const command = shell('mkfifo "$DIR/pipe" && { head -n 1 < "$DIR/pipe" & exec "$@" > "$DIR/pipe"; }');
        const server = await startServer({ args, command, env: { DIR } });
        const closed = server.process.stdout && once(server.process.stdout, 'close');
        const [a, b] = await pair(server);
        await closed;
        await speak(a, b, 5);
        await speak(b, a, 0);
        await ends(server);
        expect(linesOf(server)).to.deep.equal(['mini-serv: standard output is given up: write EPIPE']);
      });

      it('a pipe that nobody reads: the room goes on, and the end comes in time', async () => {
        const server = await startServer({ args });
        server.process.stdout?.pause();
        const [a, b] = await pair(server);
        await speak(a, b, 8);
        server.kill('SIGTERM');
        await within(once(server.process, 'exit'), 'the end of the server', GRACE);
        await server.stderr.until('\n');
        expect(linesOf(server)).to.have.length(1);
        expect(linesOf(server)[0]).to.match(/^mini-serv: standard output is not whole: the last \d+ bytes/);
      });

      if (format !== 'wire') return;
      it('a FIFO with nobody at its end: the room goes on, and the end comes in time', async () => {
        const DIR = await folder({});
        const command = shell('mkfifo "$DIR/pipe" && exec "$@" 1<> "$DIR/pipe"');
        const server = await startServer({ args, command, env: { DIR } });
        const [a, b] = await pair(server);
        await speak(a, b, 8);
        await ends(server);
        expect(linesOf(server)).to.have.length(1);
      });

      it('a limit on the length of files: the room goes on', async () => {
        const DIR = await folder({});
        const command = shell('ulimit -f 100 && exec "$@" > "$DIR/out"');
        // What the engine writes down for coverage at the end would go past the limit, too.
        const env = { DIR, NODE_V8_COVERAGE: '' };
        const server = await startServer({ args: args.slice(0, 2), command, env });
        const [a, b] = await pair(server);
        await speak(a, b, 5);
        await ends(server);
        expect(linesOf(server)[0]).to.contain('EFBIG');
        expect((await readFile(join(DIR, 'out'))).length).to.be.within(50_000, 102_400);
      });
    });
  }

  it('does not stop the room when the disk for what it lags is used up: the gap is in it', async () => {
    const args = ['--memory', '1M', '--spill-limit', '4M'];
    const server = await startServer({ args });
    server.process.stdout?.pause();
    const [a, b] = await pair(server);
    await speak(a, b, 40);
    await server.stderr.until('left out');
    server.process.stdout?.resume();
    await a.send('end\n');
    await server.stdout.until('client 0: end\n');
    const all = arrived(0) + arrived(1) + said(0, ...bulk(40), 'end');
    const gaps = [
      ...server.stdout.text.matchAll(/\nserver: (\d+) bytes are missing here, said from \S+ to \S+\n/g),
    ];
    expect(gaps.length).to.be.at.least(1);
    let rest = server.stdout.text;
    let at = 0;
    for (const [note, bytes] of gaps) {
      const before = rest.slice(0, rest.indexOf(note));
      const same = all.startsWith(before, at) || all.startsWith(before, at - 1);
      expect(same).to.equal(true);
      // A line that it cuts is ended before it.
      at += before.length + Number(bytes);
      if (all[at - 1] !== '\n') at++;
      expect(all[at - 1]).to.equal('\n');
      rest = rest.slice(before.length + note.length);
    }
    expect(rest === all.slice(at)).to.equal(true);
  });

  it('is whole where it was a client that used up the disk for what lags', async () => {
    const server = await startServer({ args: ['--memory', '1M', '--spill-limit', '32M'] });
    const still = startClientProcess(server);
    await server.stdout.until(arrived(0));
    const [a, b] = await pairAfter(server);
    still.suspend();
    server.process.stdout?.pause();
    const lines = bulk(60);
    const spoken = a.send(packet(lines));
    await server.stderr.until('senders wait');
    // Longer than a transcript that is to blame is waited for.
    const waited = performance.now() + 6000;
    await eventually('some time to pass', () => performance.now() > waited);
    server.process.stdout?.resume();
    still.resume();
    await spoken;
    await b.until(lines.at(-1) as string);
    await server.stdout.until(lines.at(-1) as string);
    expect(server.stdout.text.includes(said(1, ...lines).trimEnd())).to.equal(true);
    expect(server.stdout.text).not.to.contain('missing');
  });
});

describe('command: on a terminal that is held', () => {
  before('needs python3 for a terminal', function () {
    if (!hasTerminal()) this.skip();
  });

  const [CTRL_S, CTRL_Q] = ['\x13', '\x11'];

  async function held(args: string[] = []): Promise<[Server, Client, Client, Client]> {
    const server = await startServer({ command: onTerminal(), args });
    const clients = await trio(server);
    await server.stdout.until('client 2 just arrived');
    server.process.stdin?.write(CTRL_S);
    // Once it is held nothing comes any more; how much came before is no matter.
    return [server, ...clients];
  }

  it('with Ctrl-S: the room goes on, and with Ctrl-Q all of it is shown', async () => {
    const [server, a, b] = await held(['--memory', '1M']);
    await speak(a, b, 3);
    // The terminal itself takes a few pages.
    expect(server.stdout.bytes.length).to.be.below(500_000);
    server.process.stdin?.write(CTRL_Q);
    await server.stdout.until(`${bulk(3).at(-1)}\r\n`);
    const shown = server.stdout.text.replaceAll('\r\n', '\n');
    expect(shown.endsWith(said(0, ...bulk(3)))).to.equal(true);
    server.process.stdin?.write(CTRL_C);
    expect(await server.exited).to.deep.equal(QUIET_END);
  });

  it('what is said to the operator does not stop the room either', async () => {
    const [server, a, b, c] = await held(['--max-line', '1000', '--verbose']);
    await c.send('x'.repeat(1001));
    await b.until(left(2));
    await speak(a, b, 3);
    server.process.stdin?.write(CTRL_Q);
    await server.stdout.until('client 2');
  });

  it('the end comes in time', async () => {
    const [server, a, b] = await held();
    await speak(a, b, 3);
    server.process.stdin?.write(CTRL_C);
    await within(a.ended, 'the end of a connection', GRACE);
    await within(once(server.process, 'exit'), 'the end of the server', 2 * GRACE);
  });
});
