import { expect } from 'chai';
import { type Client, connect, connectAs } from '../../support/client.js';
import { type Server, startServer } from '../../support/command.js';
import { type Joined, joinOnTerminal } from '../../support/join.js';
import { freePort } from '../../support/ports.js';
import { CTRL_C } from '../../support/terminal.js';
import { describeWith } from '../../support/tools.js';
import { within } from '../../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

const CTRL_D = '\x04';
const CTRL_L = '\x0c';
const CTRL_Z = '\x1a';
/** The last output: bracketed paste off, automatic wrap on, cursor visible. */
const RESTORED = '\x1b[?2004l\x1b[?7h\x1b[?25h';

/** A relay with a client, and `mini-serv join` on a terminal as its second. */
async function joinRoom(options?: Parameters<typeof joinOnTerminal>[1]): Promise<[Server, Client, Joined]> {
  const server = await startServer();
  const other = await connectAs(server);
  const joined = joinOnTerminal(server.port, options);
  await other.until(arrivedNotice(1));
  await joined.stdout.until('joined 127.0.0.1');
  return [server, other, joined];
}

async function exitCodeOf(joined: Joined): Promise<number | null> {
  return (await within(joined.exited, 'the end of mini-serv join')).code;
}

describeWith('python3', 'mini-serv join on a terminal', () => {
  it('sends lines, shows them as own, and shows those of others above the draft', async () => {
    const [, other, joined] = await joinRoom();
    joined.type('hello\r日本\x1b[D-\rdraft');
    await other.until(relayed(1, 'hello', '日-本'));
    await joined.stdout.until('\x1b[1myou:\x1b[22m 日-本\r\n');
    await other.send('hi\x1b[2J\n');
    await joined.stdout.until('\u258c \x1b[36mclient 0:\x1b[39m hi\\x1b[2J\r\n');
    await joined.stdout.until((bytes) => bytes.includes('draft', bytes.indexOf('hi\\x1b')));
    joined.type(`\r${CTRL_L}${CTRL_D}`);
    await other.until(relayed(1, 'draft') + leftNotice(1));
    expect(await exitCodeOf(joined)).to.equal(0);
    expect(joined.stdout.text).to.contain('leaving;').and.to.contain(RESTORED);
  });

  it('sends all lines of a paste, and keeps the last one as the draft', async () => {
    const [, other, joined] = await joinRoom();
    joined.type('\x1b[200~one\r\ntwo\n\nthree\x1b[201~');
    await other.until(relayed(1, 'one', 'two', ''));
    joined.type('!\r');
    await other.until(relayed(1, 'three!'));
  });

  it('deletes a character with Ctrl-D if there is a draft, and leaves with Ctrl-C at once', async () => {
    const [, other, joined] = await joinRoom({ env: { NO_COLOR: '1' } });
    joined.type(`ab\x01${CTRL_D}\rc`);
    await other.until(relayed(1, 'b'));
    await joined.stdout.until('\u258c you: b\r\n');
    joined.type(CTRL_C);
    expect(await exitCodeOf(joined)).to.equal(130);
    expect(joined.stdout.text.endsWith(`> c\r\n${RESTORED}`)).to.equal(true);
    await other.until(leftNotice(1));
  });

  it('shows more than one drawing can hold, and the next keys after that', async () => {
    const [, other, joined] = await joinRoom();
    await other.send(`${'x'.repeat(200_000)} end\n`);
    joined.type('after\r');
    await joined.stdout.until(' end\r\n');
    await other.until(relayed(1, 'after'));
  });

  it('continues after Ctrl-Z if no shell can stop it, and reads on after Ctrl-D until the relay closes', async () => {
    const [server, other, joined] = await joinRoom();
    joined.type(`draft${CTRL_Z} kept\r`);
    await other.until(relayed(1, 'draft kept'));
    joined.type(`${CTRL_D}ignored\r`);
    await other.until(leftNotice(1));
    expect(await exitCodeOf(joined)).to.equal(0);
    await server.stop();
  });

  it('restores the terminal when a signal ends it', async () => {
    const [, , joined] = await joinRoom({ script: 'echo "pid $$."; exec "$@"' });
    const pid = Number(/pid (\d+)\./.exec(joined.stdout.text)?.[1]);
    process.kill(pid, 'SIGTERM');
    // The terminal reports the signal as its negative number.
    expect((await within(joined.exited, 'the end of mini-serv join')).code).to.equal(256 - 15);
    expect(joined.stdout.text.endsWith(RESTORED)).to.equal(true);
  });

  it('prints that the connection is lost, exits with 1, and leaves the draft on the screen', async () => {
    const [server, , joined] = await joinRoom();
    joined.type('unsent 日本');
    await joined.stdout.until('本');
    await server.stop();
    expect(await exitCodeOf(joined)).to.equal(1);
    const end = joined.stdout.text.slice(joined.stdout.text.lastIndexOf('> unsent'));
    expect(end)
      .to.contain('> unsent 日本\r\n')
      .and.to.contain('mini-serv: connection lost: the relay has closed');
  });

  it('shows safe lines if only the output is a terminal, and sends its input as it is', async () => {
    const server = await startServer();
    const other = await connectAs(server);
    const joined = joinOnTerminal(server.port, { script: '{ echo "\u258c hi"; read -r line; } | "$@"' });
    await other.until(relayed(1, '\u258c hi'));
    await other.send('\x1b[2Jhello\n');
    await joined.stdout.until('\u258c \x1b[36mclient 0:\x1b[39m \\x1b[2Jhello\r\n');
    joined.type('\r');
    expect(await exitCodeOf(joined)).to.equal(0);
  });

  it('prints that no relay listens at the port, and exits with 1', async () => {
    const joined = joinOnTerminal(await freePort());
    expect(await exitCodeOf(joined)).to.equal(1);
    expect(joined.stdout.text).to.contain('connection refused; start a relay with: mini-serv');
  });

  it('waits for a relay with --reconnect, connects again, and sends the lines that were typed meanwhile', async () => {
    const port = await freePort();
    const joined = joinOnTerminal(port, { args: ['--reconnect'] });
    await joined.stdout.until('connection refused; start a relay with');
    joined.type('early\rtoo\r');
    await joined.stdout.until('not connected: lines are kept');
    const first = await startServer({ port });
    await joined.stdout.until('you:\x1b[22m too');
    await first.stop();
    await joined.stdout.until('connection lost: the relay has closed the connection; trying again');
    const second = await startServer({ port });
    await joined.stdout.until('again, as a new client with a new id');
    const other = await connect(second);
    await second.stdout.until(arrivedNotice(1));
    joined.type('late\r');
    await other.until('late\n');
    await second.stop();
    await joined.stdout.untilCount('trying again', 3);
    joined.type(`unsent\r${CTRL_D}`);
    expect(await exitCodeOf(joined)).to.equal(1);
    expect(joined.stdout.text).to.match(/> unsent\r\n.*\n?mini-serv: connection lost/);
  });
});
