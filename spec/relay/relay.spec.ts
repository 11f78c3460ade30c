import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex, PassThrough, Readable, Transform } from 'node:stream';
import { expect } from 'chai';
import { MiniServError, type Relay } from '../../lib/index.js';
import { addCleanup } from '../support/cleanup.js';
import { Inbox } from '../support/inbox.js';
import { freePort, holdPort, listenErrorCode } from '../support/ports.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, relayed } from '../support/wire.js';

/** A TCP client. The relay may not have accepted it yet. */
async function dial(port: number): Promise<{ socket: Socket; inbox: Inbox }> {
  const socket = connect(port, '127.0.0.1');
  const inbox = new Inbox();
  socket.on('data', (chunk: Buffer) => inbox.push(chunk));
  socket.on('error', () => {});
  addCleanup(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, inbox };
}

async function errorOf(attempt: () => unknown): Promise<NodeJS.ErrnoException> {
  try {
    await attempt();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('no error was thrown');
}

describe('Relay', () => {
  describe('listen()', () => {
    it('selects a free port for 0, returns it, and makes every connection a client', async () => {
      const relay = createTestRelay();
      const events = recordEvents(relay);
      const port = await relay.listen(0);
      expect(port).to.be.within(1, 65535);
      const a = await dial(port);
      await events.until('joined 0\n');
      const b = await dial(port);
      await a.inbox.until(arrivedNotice(1));
      b.socket.write('hello\n');
      await a.inbox.exactly(Buffer.from(arrivedNotice(1) + relayed(1, 'hello')));
      b.socket.resetAndDestroy();
      await a.inbox.until(leftNotice(1));
    });

    it('listens on the given port, together with clients that were added by handle()', async () => {
      const port = await freePort();
      const relay = createTestRelay();
      expect(await relay.listen(port)).to.equal(port);
      const a = await join(relay);
      await dial(port);
      await a.until(arrivedNotice(1));
    });

    it('rejects with ERR_STATE at a second call', async () => {
      const relay = createTestRelay();
      const first = relay.listen(0);
      expect(await errorOf(() => relay.listen(0))).to.include({ code: 'ERR_STATE' });
      await first;
      expect(await errorOf(() => relay.listen(0))).to.include({ code: 'ERR_STATE' });
    });

    it('rejects with ERR_STATE when the relay is closed', async () => {
      const relay = createTestRelay();
      await relay.close();
      const error = await errorOf(() => relay.listen(0));
      expect(error).to.be.an.instanceOf(MiniServError).with.property('code', 'ERR_STATE');
    });

    for (const port of [-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      it(`rejects the invalid port ${port}, and can be called again`, async () => {
        const relay = createTestRelay();
        expect(await errorOf(() => relay.listen(port))).to.include({ code: 'ERR_OPTION' });
        expect(await relay.listen(0)).to.be.above(0);
      });
    }

    it('rejects a port that is in use, and can be called again', async () => {
      const { port, close } = await holdPort();
      const relay = createTestRelay();
      expect(await errorOf(() => relay.listen(port))).to.include({ code: 'EADDRINUSE' });
      await close();
      expect(await relay.listen(port)).to.equal(port);
    });

    it('rejects when the spill directory does not exist', async () => {
      const relay = createTestRelay({ spillDir: '/nonexistent/mini-serv' });
      expect(await errorOf(() => relay.listen(0))).to.include({ code: 'ENOENT' });
    });

    it('frees the port when the relay is closed', async () => {
      const relay = createTestRelay();
      const port = await relay.listen(await freePort());
      await relay.close();
      expect(await listenErrorCode(port)).to.equal(undefined);
    });

    it('refuses connections at maxClients, counts them, and accepts again when a client has left', async () => {
      const relay = createTestRelay({ maxClients: 2 });
      const events = recordEvents(relay);
      const port = await relay.listen(0);
      const a = await dial(port);
      await events.until('joined 0\n');
      const b = await dial(port);
      await a.inbox.until(arrivedNotice(1));
      for (const total of [1, 2]) {
        const { socket } = await dial(port);
        await once(socket, 'close');
        await events.until(`refused ${total}\n`);
      }
      expect(relay.stats()).to.include({ refused: 2, clients: 2 });
      b.socket.write('still here\n');
      await a.inbox.until(relayed(1, 'still here'));
      b.socket.end();
      await once(b.socket, 'close');
      await eventually('the relay to notice the close', () => relay.stats().clients === 1);
      await dial(port);
      // Refused connections use no ids.
      await a.inbox.exactly(
        Buffer.from(arrivedNotice(1) + relayed(1, 'still here') + leftNotice(1) + arrivedNotice(2)),
      );
    });
  });

  describe('handle()', () => {
    it('makes any Duplex a client', async () => {
      const relay = createTestRelay();
      expect(
        await Promise.all([new Member(relay), new Member(relay)].map(({ handle }) => handle.id)),
      ).to.deep.equal([0, 1]);
    });

    it('throws ERR_STATE when the relay is closing or closed', async () => {
      const relay = createTestRelay();
      const closing = relay.close();
      expect(await errorOf(() => new Member(relay))).to.include({ code: 'ERR_STATE' });
      await closing;
      expect(await errorOf(() => new Member(relay))).to.include({
        code: 'ERR_STATE',
        message: 'the relay is closed',
      });
    });

    for (const [name, value] of Object.entries({
      'an object': {},
      undefined: undefined,
      'a Readable': new Readable({ read() {} }),
      'a Duplex of objects': new PassThrough({ objectMode: true }),
      'a Duplex with an encoding': new PassThrough().setEncoding('utf8'),
    })) {
      it(`throws ERR_OPTION and assigns no id for ${name}`, async () => {
        const relay = createTestRelay();
        expect(await errorOf(() => relay.handle(value as Duplex))).to.include({ code: 'ERR_OPTION' });
        expect(await new Member(relay).handle.id).to.equal(0);
      });
    }

    for (const method of ['on', 'read', 'pipe', 'pause', 'resume', 'write', 'end', 'destroy']) {
      it(`throws ERR_OPTION for a Duplex without ${method}()`, async () => {
        const relay = createTestRelay();
        const duplex = Object.assign(new PassThrough(), { [method]: undefined });
        const error = await errorOf(() => relay.handle(duplex));
        expect(error).to.include({ code: 'ERR_OPTION' });
        expect(error)
          .to.have.property('message')
          .that.matches(/^duplex: expected a Duplex of bytes .*, got \[PassThrough\]/);
      });
    }

    it('accepts a Duplex that decodes as latin1, and rejects objects in either direction', async () => {
      const relay = createTestRelay();
      const methods = { read() {}, write() {} };
      for (const half of [{ readableObjectMode: true }, { writableObjectMode: true }]) {
        expect(await errorOf(() => relay.handle(new Duplex({ ...half, ...methods })))).to.include({
          code: 'ERR_OPTION',
        });
      }
      expect(await relay.handle(new Duplex(methods).setEncoding('latin1')).id).to.equal(0);
      expect(await relay.handle(new Duplex(methods)).id).to.equal(1);
    });

    it('adds one error listener', () => {
      const relay = createTestRelay();
      const duplex = new Duplex({ read() {}, write() {} });
      relay.handle(duplex);
      expect(duplex.listenerCount('error')).to.equal(1);
    });

    it('survives a Duplex that throws in write()', async () => {
      const relay = createTestRelay();
      const events = recordEvents(relay);
      const a = await join(relay);
      const thrower = new Duplex({
        read() {},
        write() {
          throw new Error('from a Duplex');
        },
      });
      relay.handle(thrower);
      const c = await join(relay);
      a.send('hello\n');
      await c.until(relayed(0, 'hello'));
      await events.until('left 1 from a Duplex\n');
      a.send('again\n');
      await c.until(relayed(0, 'again'));
    });

    it('announces that a client left whose Duplex fails without emitting close', async () => {
      const relay = createTestRelay();
      const a = await join(relay);
      const mute = new Duplex({ emitClose: false, read() {}, write: (_chunk, _encoding, done) => done() });
      relay.handle(mute);
      await a.until(arrivedNotice(1));
      mute.destroy(new Error('broken'));
      await a.until(leftNotice(1));
      expect(relay.stats().clients).to.equal(1);
    });

    it('does not split a long line when it is called while the line is delivered', async () => {
      const relay = createTestRelay();
      const a = await join(relay);
      const b = await join(relay);
      let added = false;
      const adder = new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          if (!added && chunk.length > 1000) new Member(relay);
          added ||= chunk.length > 1000;
          done();
        },
      });
      relay.handle(adder);
      await b.until(arrivedNotice(2));
      const lines = ['x'.repeat(3 * 2 ** 20), 'next'];
      a.send(joinLines(lines));
      await b.until(relayed(0, 'next'));
      expect(added).to.equal(true);
      await b.receives(
        arrivedNotice(2),
        relayed(0, lines[0] as string),
        arrivedNotice(3),
        relayed(0, 'next'),
      );
    });

    it('can be called by a listener, and keeps the order of messages and events', async () => {
      const relay = createTestRelay();
      const [a, b] = [await join(relay), await join(relay)];
      const events = recordEvents(relay);
      relay.once('line', () => new Member(relay));
      b.send('one\ntwo\n');
      await a.receives(arrivedNotice(1), relayed(1, 'one', 'two'), arrivedNotice(2));
      expect(events.text).to.equal('line 1 one\nline 1 two\njoined 2\n');
    });
  });

  it('emits joined, line and left in the order of the room', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send(Buffer.from('für\r\n\n\xff\n', 'latin1'));
    b.send('日本\n');
    await a.until(relayed(1, '日本'));
    b.end();
    await a.until(leftNotice(1));
    await relay.close();
    expect(events.text).to.equal(
      'joined 0\njoined 1\nline 1 f\ufffdr\r\nline 1 \nline 1 \ufffd\nline 1 日本\nleft 1\nclose\n',
    );
  });

  it('continues after a listener throws, which is an uncaught exception', async () => {
    const relay = createTestRelay();
    const [a, b] = [await join(relay), await join(relay)];
    relay.once('line', () => {
      throw new Error('from a listener');
    });
    const [mocha] = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown = once(process, 'uncaughtException');
    b.send('one\n');
    expect(String((await thrown)[0])).to.equal('Error: from a listener');
    if (mocha !== undefined) process.on('uncaughtException', mocha);
    b.send('two\n');
    await a.receives(arrivedNotice(1), relayed(1, 'one', 'two'));
  });

  it('reports clients, lag and memory in stats()', async () => {
    const relay = createTestRelay();
    expect(relay.stats()).to.deep.include({
      clients: 0,
      refused: 0,
      outputLagBytes: [],
      diskBytes: 0,
      waitingSenders: 0,
    });
    const [a, b] = [await join(relay), await join(relay)];
    b.pause();
    const events = recordEvents(relay);
    const line = 'x'.repeat(2 ** 20);
    a.send(`${line}\n`);
    await events.until(`line 0 ${line}\n`);
    const { clients, lagBytes, memoryBytes } = relay.stats();
    expect(clients).to.equal(2);
    expect(lagBytes.get(1)).to.be.within(2 ** 18, relayed(0, line).length);
    expect(memoryBytes).to.be.above(0);
    b.resume();
    await b.receives(relayed(0, line));
    await eventually('no lag', () => [...relay.stats().lagBytes.values()].every((bytes) => bytes === 0));
  });

  it('counts in stats() the messages that transforms have not answered, for clients with such', async () => {
    const answers: (() => void)[] = [];
    const slow = (): Transform =>
      new Transform({
        objectMode: true,
        transform: (message, _encoding, done) => {
          if (message.kind !== 'line') done(null, message);
          else answers.push(() => done(null, message));
        },
      });
    const relay = createTestRelay({ transforms: [{ createStream: slow }] });
    const events = recordEvents(relay);
    const [a] = [await join(relay), await join(relay)];
    a.send('one\ntwo\n');
    const busy = (): string => JSON.stringify([...relay.stats().pendingTransforms]);
    await eventually('two messages of client 0', () => busy() === '[[0,2]]');
    answers.shift()?.();
    await eventually('the next message', () => answers.length > 0);
    answers.shift()?.();
    await events.until('line 0 two\n');
    await eventually('no pending message', () => relay.stats().pendingTransforms.size === 0);
  });

  it('keeps nothing of clients that have left', async () => {
    const relay: Relay = createTestRelay();
    const a = await join(relay);
    for (let i = 1; i <= 20; i++) {
      const member = await join(relay);
      member.end();
      await a.until(leftNotice(i));
      await member.ended;
    }
    await eventually('the last client to be removed', () => relay.stats().clients === 1);
    expect([...relay.stats().lagBytes.keys()]).to.deep.equal([0]);
  });
});
