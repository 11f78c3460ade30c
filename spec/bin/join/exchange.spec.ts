import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { addCleanup } from '../../support/cleanup.js';
import { connectAs } from '../../support/client.js';
import { runCommand, startServer } from '../../support/command.js';
import { joinWithPipes, joinWithShell } from '../../support/join.js';
import { freePort } from '../../support/ports.js';
import { itWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice } from '../../support/wire.js';

/** The command before it is bundled. It takes longer to load its modules. */
const UNBUNDLED = [process.execPath, fileURLToPath(new URL('../../../bin/mini-serv.js', import.meta.url))];

/** A relay that does with its only client what the spec says. */
async function fakeRelay(onClient: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    addCleanup(() => void socket.destroy());
    onClient(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  addCleanup(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe('mini-serv join without a terminal', () => {
  it('sends 200,000 lines and loses none, in either direction', async () => {
    const server = await startServer();
    const witness = await connectAs(server);
    const reader = joinWithPipes(server.port);
    await witness.until(arrivedNotice(1));
    const writer = joinWithPipes(server.port);
    const numbers = Array.from({ length: 200_000 }, (_, i) => String(i + 1));
    writer.process.stdin?.end(joinLines(numbers));
    expect(await within(writer.exited, 'the end of the writer')).to.deep.equal({ code: 0, signal: null });
    const expected = Buffer.from(joinLines(numbers.map((text) => `client 2: ${text}`)) + leftNotice(2));
    for (const inbox of [witness.inbox, reader.stdout]) {
      await inbox.until(leftNotice(2));
      expect(inbox.bytes.subarray(inbox.bytes.indexOf('client 2: ')).equals(expected)).to.equal(true);
    }
  });

  it('passes each byte, and reads on after the end of its input', async () => {
    const received: Buffer[] = [];
    const port = await fakeRelay((socket) => {
      socket.on('data', (chunk) => received.push(chunk)).on('end', () => socket.end(Buffer.concat(received)));
    });
    const joined = joinWithPipes(port);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    joined.process.stdin?.end(Buffer.concat([bytes, Buffer.from('\r\nno newline')]));
    expect((await joined.exited).code).to.equal(0);
    expect(joined.stdout.bytes).to.deep.equal(Buffer.concat([bytes, Buffer.from('\r\nno newline')]));
    expect(joined.stderr.text).to.equal('');
  });

  it('waits for a slow reader of its output', async () => {
    const server = await startServer();
    const a = await connectAs(server);
    const joined = joinWithPipes(server.port);
    await a.until(arrivedNotice(1));
    joined.process.stdout?.pause();
    await a.send(`${'x'.repeat(4e6)}\nend\n`);
    joined.process.stdout?.resume();
    await joined.stdout.until('client 0: end\n');
    joined.process.stdin?.end();
    await joined.exited;
  });

  for (const [what, script, code] of [
    ['/dev/null', '"$@" < /dev/null', 0],
    ['a closed descriptor', '"$@" <&-', 0],
    ['a file', '"$@" < /etc/hosts', 0],
    ['a directory', '"$@" < /', 1],
  ] as const) {
    it(`exits with ${code} for ${what} as standard input`, async () => {
      const server = await startServer();
      const joined = joinWithShell(server.port, script);
      expect((await joined.exited).code).to.equal(code);
      expect(joined.stderr.text).to.equal(
        code === 0 ? '' : 'mini-serv: cannot read standard input: it is a directory\n',
      );
    });
  }

  for (const [what, end, reason] of [
    ['ended', (socket) => socket.end(), 'the relay has closed it before the end of standard input'],
    ['reset', (socket) => socket.resetAndDestroy(), 'the relay has reset the connection'],
  ] as [string, (socket: Socket) => void, string][]) {
    it(`prints that the connection is lost, and exits with 1, if the relay has ${what} it`, async () => {
      const port = await fakeRelay((socket) => {
        socket.write('client 0: last', () => socket.once('data', () => end(socket)));
      });
      const joined = joinWithPipes(port);
      await joined.stdout.until('client 0: last');
      joined.type('hello\n');
      expect((await joined.exited).code).to.equal(1);
      expect(joined.stderr.text).to.equal(`mini-serv: connection lost: ${reason}\n`);
    });
  }

  for (const [what, end, reason] of [
    ['ends', (socket) => socket.end(), 'the relay has closed it before the end of standard input'],
    ['resets', (socket) => socket.resetAndDestroy(), 'the relay has reset the connection'],
  ] as [string, (socket: Socket) => void, string][]) {
    it(`prints that the connection is lost, and exits with 1, if the relay ${what} it at once`, async () => {
      const joined = joinWithPipes(await fakeRelay(end), UNBUNDLED);
      expect((await within(joined.exited, 'the end of mini-serv join')).code).to.equal(1);
      expect(joined.stderr.text).to.match(new RegExp(`^mini-serv: c.*: ${reason}\n$`));
    });
  }

  it('prints that no relay listens at the port, and exits with 1', async () => {
    const port = await freePort();
    const { code, stderr } = await runCommand(['join', String(port)]);
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: `mini-serv: cannot join 127.0.0.1:${port}: connection refused; start a relay with: mini-serv ${port}\n`,
    });
  });

  it('does not reconnect, because a program would not notice what is missing', async () => {
    const { code, stderr } = await runCommand(['join', '--reconnect']);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^--reconnect: expected a terminal/);
  });

  for (const [what, script] of [
    ['a full disk', 'exec "$@" > /dev/full'],
    ['a pipe without a reader', '{ "$@"; echo "code $?" >&2; } | true'],
  ] as const) {
    itWith('proc', `prints that standard output is ${what}, and exits with 1`, async () => {
      const server = await startServer();
      const a = await connectAs(server);
      const joined = joinWithShell(server.port, script);
      await a.until(arrivedNotice(1));
      let hasExited = false;
      void joined.exited.then(() => {
        hasExited = true;
      });
      // The reader of the pipe may end after the first lines have been written.
      await eventually('the end of mini-serv join', async () => {
        await a.send('hello\n');
        return hasExited;
      });
      expect(joined.stderr.text).to.match(/^mini-serv: cannot write to standard output: .*(ENOSPC|EPIPE)/);
      if (what === 'a full disk') expect((await joined.exited).code).to.equal(1);
      else expect(joined.stderr.text).to.match(/code 1\n$/);
    });
  }
});
