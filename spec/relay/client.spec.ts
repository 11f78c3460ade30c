import { connect, createServer, type Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { expect } from 'chai';
import type { Relay } from '../../lib/index.js';
import { addCleanup } from '../support/cleanup.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { eventually, within } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';

/** The two ends of a TCP connection with Node's default options. */
async function tcpPair(): Promise<[Socket, Socket]> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = connect(address.port, '127.0.0.1');
  const far = await accepted;
  server.close();
  addCleanup(() => void near.destroy());
  addCleanup(() => void far.destroy());
  return [near, far];
}

/** Sends a line and waits until it is in the log. */
async function sendLine(relay: Relay, member: Member, line: string): Promise<void> {
  const events = recordEvents(relay);
  member.send(`${line}\n`);
  await events.until(`line ${member.id} ${line}\n`);
}

describe('Client', () => {
  it('receives neither earlier messages, nor its own arrival, nor its own lines', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    a.send('before\n');
    await sendLine(relay, a, 'still before');
    const b = await join(relay);
    const c = await join(relay);
    b.send('own\n');
    await c.until(relayed(1, 'own'));
    a.send('after\n');
    await b.receives(arrivedNotice(2), relayed(0, 'after'));
  });

  it('has an id that is not reused, also when the room was empty in between', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    for (const id of [0, 1, 2]) {
      const member = await join(relay);
      expect(member.id).to.equal(id);
      member.end();
      await events.until(`left ${id}\n`);
    }
  });

  it('receives all messages up to its half-close, and then FIN', async () => {
    const relay = createTestRelay();
    const [a, b] = [await join(relay), await join(relay)];
    b.pause();
    const lines = numberedLines(4);
    a.send(joinLines(lines));
    await a.until(arrivedNotice(1));
    await sendLine(relay, a, 'last');
    b.end();
    await a.until(leftNotice(1));
    a.send('after it left\n');
    b.resume();
    await b.ended;
    await b.receives(relayed(0, ...lines, 'last'));
  });

  const halfClosers: Record<string, () => Promise<[Duplex, Duplex]>> = {
    'a socket without allowHalfOpen': tcpPair,
    'a Duplex without allowHalfOpen': async () => duplexPair({ allowHalfOpen: false }),
  };
  for (const [name, pair] of Object.entries(halfClosers)) {
    it(`receives all messages up to its half-close as ${name}`, async () => {
      const relay = createTestRelay();
      const a = await join(relay);
      const b = await join(relay, await pair());
      b.pause();
      const lines = numberedLines(8);
      a.send(joinLines(lines));
      await sendLine(relay, a, 'last');
      b.end();
      await a.until(leftNotice(1));
      b.resume();
      await b.ended;
      await b.receives(relayed(0, ...lines, 'last'));
    });
  }

  it('does not delay other clients when it does not read', async () => {
    const relay = createTestRelay();
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    b.pause();
    const lines = numberedLines(16);
    a.send(joinLines(lines));
    await c.receives(relayed(0, ...lines));
    c.send('still here\n');
    await a.until(relayed(2, 'still here'));
    b.resume();
    await b.receives(arrivedNotice(2), relayed(0, ...lines), relayed(2, 'still here'));
  });

  it('does not deadlock when two clients write before reading', async () => {
    const relay = createTestRelay({ windowBytes: 64 * 1024 });
    const [a, b] = [await join(relay), await join(relay)];
    a.pause();
    b.pause();
    const lines = numberedLines(8);
    const events = recordEvents(relay);
    a.send(joinLines(lines));
    b.send(joinLines(lines));
    await events.until(`line 0 ${lines.at(-1)}\n`);
    await events.until(`line 1 ${lines.at(-1)}\n`);
    a.resume();
    b.resume();
    await a.receives(arrivedNotice(1), relayed(1, ...lines));
    await b.receives(relayed(0, ...lines));
  });

  it('leaves with the error that broke its connection', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const member = await join(relay);
    member.far.destroy(new Error('read ECONNRESET'));
    await events.until('left 0 read ECONNRESET\n');
    expect(relay.stats().clients).to.equal(0);
  });

  it('leaves after an error of a Duplex without autoDestroy', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const a = await join(relay);
    const write = (_chunk: unknown, _encoding: string, done: (error: Error) => void): void =>
      done(new Error('EPIPE'));
    relay.handle(new Duplex({ autoDestroy: false, read() {}, write }));
    a.send('into the void\n');
    await a.receives(arrivedNotice(1), leftNotice(1));
    await events.until('left 1 EPIPE\n');
    expect(relay.stats().clients).to.equal(1);
  });

  it('closes a Duplex without autoDestroy when both sides have ended', async () => {
    const relay = createTestRelay();
    const far = new Duplex({ autoDestroy: false, read() {}, write: (_chunk, _encoding, done) => done() });
    const closed = new Promise((resolve) => far.once('close', resolve));
    relay.handle(far);
    far.push(null);
    await within(closed, 'its close');
    expect(relay.stats().clients).to.equal(0);
  });

  it('leaves with the first error when its connection reports two', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const member = await join(relay);
    for (const reason of ['first', 'second']) member.far.emit('error', new Error(reason));
    await events.until('left 0 first\n');
  });

  it('leaves without a reason when its connection closes and a write to it fails afterwards', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const member = await join(relay);
    const write = { fail: undefined as ((error: Error) => void) | undefined };
    const far = new Duplex({
      read() {},
      write(_chunk, _encoding, done) {
        write.fail = done;
      },
    });
    await relay.handle(far).id;
    member.send('for it\n');
    await eventually('a write', () => write.fail !== undefined);
    far.emit('close');
    write.fail?.(new Error('aborted'));
    await events.until('left 1\n');
  });

  it('does not disturb other clients when writing to its connection fails', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const far = new Duplex({
      read() {},
      write: (_chunk, _encoding, done) => done(new Error('EPIPE')),
    });
    relay.handle(far);
    await a.until(arrivedNotice(1));
    a.send('into the void\n');
    await a.receives(arrivedNotice(1), leftNotice(1));
    expect(await new Member(relay).handle.id).to.equal(2);
  });
});
