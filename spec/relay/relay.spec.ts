import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex, PassThrough, Readable, Transform } from 'node:stream';
import { expect } from 'chai';
import { MiniServError, type Relay } from '../../lib/index.js';
import { afterwards } from '../support/cleanup.js';
import { Inbox } from '../support/inbox.js';
import { refusal } from '../support/ports.js';
import { diary, join, Member, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrived, left, said } from '../support/wire.js';

/** A client over TCP, which knows nothing yet of having been accepted. */
async function dial(port: number): Promise<{ socket: Socket; inbox: Inbox }> {
  const socket = connect(port, '127.0.0.1');
  const inbox = new Inbox();
  socket.on('data', (chunk: Buffer) => inbox.push(chunk));
  socket.on('error', () => {});
  afterwards(() => void socket.destroy());
  await once(socket, 'connect');
  return { socket, inbox };
}

async function refused(attempt: () => unknown): Promise<NodeJS.ErrnoException> {
  try {
    await attempt();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('it was taken');
}

describe('relay', () => {
  describe('listen', () => {
    it('takes a free port for 0, says which, and makes every connection a client', async () => {
      const relay = room();
      const events = diary(relay);
      const port = await relay.listen(0);
      expect(port).to.be.within(1, 65535);
      const a = await dial(port);
      await events.until('joined 0\n');
      const b = await dial(port);
      await a.inbox.until(arrived(1));
      b.socket.write('hello\n');
      await a.inbox.exactly(Buffer.from(arrived(1) + said(1, 'hello')));
      b.socket.resetAndDestroy();
      await a.inbox.until(left(1));
    });

    it('takes the port that it is given, beside clients that come by handle()', async () => {
      const other = room();
      const port = await other.listen(0);
      await other.close();
      const relay = room();
      expect(await relay.listen(port)).to.equal(port);
      const a = await join(relay);
      await dial(port);
      await a.until(arrived(1));
    });

    it('cannot be called twice', async () => {
      const relay = room();
      const first = relay.listen(0);
      expect(await refused(() => relay.listen(0))).to.include({ code: 'ERR_STATE' });
      await first;
      expect(await refused(() => relay.listen(0))).to.include({ code: 'ERR_STATE' });
    });

    it('cannot be called once the relay is closed', async () => {
      const relay = room();
      await relay.close();
      const error = await refused(() => relay.listen(0));
      expect(error).to.be.an.instanceOf(MiniServError).with.property('code', 'ERR_STATE');
    });

    for (const port of [-1, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      it(`rejects ${port}, which is no port, and can be called again`, async () => {
        const relay = room();
        expect(await refused(() => relay.listen(port))).to.include({ code: 'ERR_OPTION' });
        expect(await relay.listen(0)).to.be.above(0);
      });
    }

    it('rejects a port that is in use, and can be called again', async () => {
      const holder = createServer().listen(0, '127.0.0.1');
      await once(holder, 'listening');
      const { port } = holder.address() as { port: number };
      const relay = room();
      expect(await refused(() => relay.listen(port))).to.include({ code: 'EADDRINUSE' });
      await new Promise((resolve) => holder.close(resolve));
      expect(await relay.listen(port)).to.equal(port);
    });

    it('rejects when segments could not be written where they were to go', async () => {
      const relay = room({ spillDir: '/nonexistent/mini-serv' });
      expect(await refused(() => relay.listen(0))).to.include({ code: 'ENOENT' });
    });

    it('gives the port back when the relay is closed', async () => {
      const relay = room();
      const port = await relay.listen(0);
      await relay.close();
      expect(await refusal(port)).to.equal(undefined);
    });

    it('refuses connections at the limit of clients, counts them, and goes on', async () => {
      const relay = room({ maxClients: 2 });
      const events = diary(relay);
      const port = await relay.listen(0);
      const a = await dial(port);
      await events.until('joined 0\n');
      const b = await dial(port);
      await a.inbox.until(arrived(1));
      for (const total of [1, 2]) {
        const { socket } = await dial(port);
        await once(socket, 'close');
        await events.until(`refused ${total}\n`);
      }
      expect(relay.stats()).to.include({ refused: 2, clients: 2 });
      b.socket.write('still here\n');
      await a.inbox.until(said(1, 'still here'));
      b.socket.end();
      await once(b.socket, 'close');
      // The place is free when the relay has noticed, too.
      await eventually('a place', () => relay.stats().clients === 1);
      await dial(port);
      // A refused connection has used up no id.
      await a.inbox.exactly(Buffer.from(arrived(1) + said(1, 'still here') + left(1) + arrived(2)));
    });
  });

  describe('handle', () => {
    it('makes any Duplex a client, and gives its id', async () => {
      const relay = room();
      expect(
        await Promise.all([new Member(relay), new Member(relay)].map(({ handle }) => handle.id)),
      ).to.deep.equal([0, 1]);
    });

    it('throws once the relay is closing', async () => {
      const relay = room();
      const closing = relay.close();
      expect(await refused(() => new Member(relay))).to.include({ code: 'ERR_STATE' });
      await closing;
      expect(await refused(() => new Member(relay))).to.include({
        code: 'ERR_STATE',
        message: 'the relay is closed',
      });
    });

    for (const [name, value] of Object.entries({
      'an object': {},
      nothing: undefined,
      'half a Duplex': new Readable({ read() {} }),
      'a Duplex of objects': new PassThrough({ objectMode: true }),
      'a Duplex that decodes': new PassThrough().setEncoding('utf8'),
    })) {
      it(`refuses what is no Duplex of bytes, and uses up no id for it: ${name}`, async () => {
        const relay = room();
        expect(await refused(() => relay.handle(value as Duplex))).to.include({ code: 'ERR_OPTION' });
        expect(await new Member(relay).handle.id).to.equal(0);
      });
    }

    for (const method of ['write', 'pipe', 'setEncoding', 'destroy']) {
      it(`refuses what cannot ${method}`, async () => {
        const relay = room();
        const duplex = Object.assign(new PassThrough(), { [method]: undefined });
        expect(await refused(() => relay.handle(duplex))).to.include({
          code: 'ERR_OPTION',
          message: 'a client must be a Duplex of bytes',
        });
      });
    }

    it('takes bytes in both directions, decoded as latin1 at the most', async () => {
      const relay = room();
      const methods = { read() {}, write() {} };
      for (const half of [{ readableObjectMode: true }, { writableObjectMode: true }]) {
        expect(await refused(() => relay.handle(new Duplex({ ...half, ...methods })))).to.include({
          code: 'ERR_OPTION',
        });
      }
      expect(await relay.handle(new Duplex(methods).setEncoding('latin1')).id).to.equal(0);
      expect(await relay.handle(new Duplex(methods)).id).to.equal(1);
    });

    it('leaves what else is told of a Duplex to its client', () => {
      const relay = room();
      const duplex = new Duplex({ read() {}, write() {} });
      relay.handle(duplex);
      expect(duplex.listenerCount('error')).to.equal(1);
    });

    it('is not harmed by a Duplex that throws when it is written to', async () => {
      const relay = room();
      const events = diary(relay);
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
      await c.until(said(0, 'hello'));
      await events.until('left 1 from a Duplex\n');
      a.send('again\n');
      await c.until(said(0, 'again'));
    });

    it('notices the end of one that breaks and does not say that it is closed', async () => {
      const relay = room();
      const a = await join(relay);
      const mute = new Duplex({ emitClose: false, read() {}, write: (_chunk, _encoding, done) => done() });
      relay.handle(mute);
      await a.until(arrived(1));
      mute.destroy(new Error('broken'));
      await a.until(left(1));
      expect(relay.stats().clients).to.equal(1);
    });

    it('can be called by a listener, and what that says keeps its place', async () => {
      const relay = room();
      const [a, b] = [await join(relay), await join(relay)];
      relay.once('line', () => new Member(relay));
      b.send('one\ntwo\n');
      await a.hears(arrived(1), said(1, 'one', 'two'), arrived(2));
    });
  });

  it('tells who came, what was said and who left, in the order of the room', async () => {
    const relay = room();
    const events = diary(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send(Buffer.from('für\r\n\n\xff\n', 'latin1'));
    b.send('日本\n');
    await a.until(said(1, '日本'));
    b.end();
    await a.until(left(1));
    await relay.close();
    expect(events.text).to.equal(
      'joined 0\njoined 1\nline 1 f\ufffdr\r\nline 1 \nline 1 \ufffd\nline 1 日本\nleft 1\nclose\n',
    );
  });

  it('is not harmed by a listener that throws, which is an uncaught exception as with any emitter', async () => {
    const relay = room();
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
    await a.hears(arrived(1), said(1, 'one', 'two'));
  });

  it('tells in numbers how it is', async () => {
    const relay = room();
    expect(relay.stats()).to.deep.include({
      clients: 0,
      refused: 0,
      outputLagBytes: [],
      diskBytes: 0,
      waitingSenders: 0,
    });
    const [a, b] = [await join(relay), await join(relay)];
    b.halt();
    const events = diary(relay);
    const line = 'x'.repeat(2 ** 20);
    a.send(`${line}\n`);
    await events.until(`line 0 ${line}\n`);
    const { clients, lagBytes: lag, memoryBytes: memory } = relay.stats();
    expect(clients).to.equal(2);
    expect(lag.get(1)).to.be.within(2 ** 18, said(0, line).length);
    expect(memory).to.be.above(0);
    b.wake();
    await b.hears(said(0, line));
    await eventually('both to have all', () =>
      [...relay.stats().lagBytes.values()].every((bytes) => bytes === 0),
    );
  });

  it('tells how many messages transforms have yet to answer, of those who have such', async () => {
    const answers: (() => void)[] = [];
    const slow = (): Transform =>
      new Transform({
        objectMode: true,
        transform: (message, _encoding, done) => {
          if (message.kind !== 'line') done(null, message);
          else answers.push(() => done(null, message));
        },
      });
    const relay = room({ transforms: [slow] });
    const events = diary(relay);
    const [a] = [await join(relay), await join(relay)];
    a.send('one\ntwo\n');
    const busy = (): string => JSON.stringify([...relay.stats().pendingTransforms]);
    await eventually('both to be there, and nothing of the other', () => busy() === '[[0,2]]');
    answers.shift()?.();
    await eventually('the next', () => answers.length > 0);
    answers.shift()?.();
    await events.until('line 0 two\n');
    await eventually('none', () => relay.stats().pendingTransforms.size === 0);
  });

  it('holds nothing of clients that have left', async () => {
    const relay: Relay = room();
    const a = await join(relay);
    for (let i = 1; i <= 20; i++) {
      const member = await join(relay);
      member.end();
      await a.until(left(i));
      await member.ended;
    }
    await eventually('the last to be forgotten', () => relay.stats().clients === 1);
    expect([...relay.stats().lagBytes.keys()]).to.deep.equal([0]);
  });
});
