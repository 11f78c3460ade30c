import { getEventListeners, once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import { createRelay, type Message } from '../../lib/index.js';
import { addCleanup } from '../support/cleanup.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { freePort, listenErrorCode } from '../support/ports.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { WAIT_LIMIT_MS, waitTurns } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';

/** Longer than the limit of a wait in specs: a spec that waits for it fails. */
const FOREVER_MS = 2 * WAIT_LIMIT_MS;

describe('relay.close()', () => {
  it('ends every connection with FIN, announces no leaving, and emits close once', async () => {
    const relay = createTestRelay({ graceMs: FOREVER_MS });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    await relay.close();
    await Promise.all([a.ended, b.ended]);
    await a.receives(arrivedNotice(1));
    await b.receives();
    expect(events.text).to.equal('joined 0\njoined 1\nclose\n');
    expect(a.far.destroyed && b.far.destroyed).to.equal(true);
  });

  it('returns the same promise at every call', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const first = relay.close();
    expect(relay.close()).to.equal(first);
    await first;
    await relay.close();
    expect(events.text).to.equal('close\n');
  });

  it('delivers all messages, and complete lines that clients have sent by then', async () => {
    const relay = createTestRelay({ graceMs: FOREVER_MS });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = numberedLines(4);
    a.send(joinLines(lines));
    await b.until(relayed(0, lines[0] ?? ''));
    b.send('last words\nno wor');
    await relay.close();
    await Promise.all([a.ended, b.ended]);
    await b.receives(relayed(0, ...lines));
    await a.receives(arrivedNotice(1), relayed(1, 'last words'));
  });

  it('waits at most graceMs for a client that does not read, and delivers everything to the others', async () => {
    const environment = fakeEnvironment();
    const relay = createTestRelay({ graceMs: 50, environment });
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    b.pause();
    const lines = numberedLines(4);
    a.send(joinLines(lines));
    await c.until(relayed(0, lines.at(-1) ?? ''));
    const closing = relay.close();
    await Promise.all([a.ended, c.ended]);
    expect(b.far.destroyed).to.equal(false);
    environment.clock.advance(50);
    await closing;
    expect(b.far.destroyed).to.equal(true);
    await c.receives(relayed(0, ...lines));
  });

  it('waits within graceMs for a slow client', async () => {
    const relay = createTestRelay({ graceMs: FOREVER_MS });
    const [a, b] = [await join(relay), await join(relay)];
    b.pause();
    const lines = numberedLines(4);
    const events = recordEvents(relay);
    a.send(joinLines(lines));
    await events.until(`line 0 ${lines.at(-1)}\n`);
    const closing = relay.close();
    await a.ended;
    b.resume();
    await closing;
    await b.ended;
    await b.receives(relayed(0, ...lines));
  });

  it('gives a peer 100 ms to close its side, from when it has been sent everything', async () => {
    const environment = fakeEnvironment();
    const relay = createTestRelay({ graceMs: FOREVER_MS, environment });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.pause();
    const lines = numberedLines(1);
    a.send(joinLines(lines));
    await events.until(`line 0 ${lines.at(-1)}\n`);
    const closing = relay.close();
    await a.ended;
    await waitTurns();
    environment.clock.advance(100);
    await waitTurns();
    expect([a.far.destroyed, b.far.destroyed]).to.deep.equal([true, false]);
    b.resume();
    await b.ended;
    await waitTurns();
    expect(b.far.destroyed).to.equal(false);
    environment.clock.advance(100);
    await closing;
    await b.receives(relayed(0, ...lines));
    expect(environment.clock.pending).to.equal(0);
  });

  it('waits within graceMs for read streams and for readers', async () => {
    const relay = createTestRelay({ graceMs: FOREVER_MS });
    const events = recordEvents(relay);
    const a = await join(relay);
    const pending: (() => void)[] = [];
    let text = '';
    const take = (bytes: readonly Buffer[], done: () => void): void => {
      text += Buffer.concat(bytes).toString();
      pending.push(done);
    };
    const reader = relay.addReader({ send: take, finish() {}, fail() {} });
    const sink = new Writable({
      highWaterMark: 1,
      write: (chunk, _encoding, done) => take([chunk], done),
    });
    relay.createReadStream().pipe(sink);
    a.near.end();
    await events.until('left 0\n');
    const closing = relay.close();
    while (pending.length < 2) await waitTurns();
    for (let more = pending.length; more > 0; more--) {
      await waitTurns();
      expect(events.text).to.not.include('close');
      pending.shift()?.();
    }
    await closing;
    expect(text).to.equal(leftNotice(0).repeat(2));
    expect(reader.lagBytes).to.equal(0);
  });

  it('accepts another time limit as its argument', async () => {
    const relay = createTestRelay({ graceMs: FOREVER_MS });
    const [a, b] = [await join(relay), await join(relay)];
    b.pause();
    a.send(joinLines(numberedLines(4)));
    await relay.close(0);
    expect(b.far.destroyed).to.equal(true);
  });

  it('ignores input that arrives while closing', async () => {
    const environment = fakeEnvironment();
    const relay = createTestRelay({ graceMs: 100, environment });
    const events = recordEvents(relay);
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    b.pause();
    a.send(joinLines(numberedLines(4)));
    await c.until(' 3999 ');
    const closing = relay.close();
    await c.ended;
    c.send('too late\n');
    await waitTurns();
    environment.clock.advance(100);
    await closing;
    expect(events.text).to.not.include('too late');
  });

  it('waits within graceMs for slow transforms', async () => {
    const slow = async (message: Message) => {
      await delay(1);
      return message;
    };
    const relay = createTestRelay({ graceMs: FOREVER_MS, transforms: [slow] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('one\ntwo\nthree\n');
    await a.until(relayed(1, 'one'));
    await relay.close();
    await a.ended;
    await a.receives(arrivedNotice(1), relayed(1, 'one', 'two', 'three'));
  });

  it('gives up transforms that do not answer within graceMs, and sends nothing after that', async () => {
    let answer = (): void => {};
    const stuck = () =>
      objectTransform((message: Message, _encoding, done) => {
        if (message.kind !== 'line') done(null, message);
        else answer = () => done(null, message);
      });
    const relay = createTestRelay({ graceMs: 20, transforms: [{ createStream: stuck }] });
    const events = recordEvents(relay);
    const a = await join(relay);
    a.send('late\n');
    await relay.close();
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.text).to.equal('joined 0\nclose\n');
    expect(a.far.destroyed).to.equal(true);
  });

  it('ends read streams, and destroys one that is not read after graceMs', async () => {
    const environment = fakeEnvironment();
    const relay = createTestRelay({ graceMs: 50, environment });
    const [read, unread] = [relay.createReadStream(), relay.createReadStream()];
    const sink = read.pipe(new PassThrough());
    sink.resume();
    const a = await join(relay);
    a.send(joinLines(numberedLines(4)));
    const ended = once(sink, 'end');
    const closing = relay.close();
    await ended;
    environment.clock.advance(50);
    await closing;
    expect(unread.destroyed).to.equal(true);
  });

  it('closes the port', async () => {
    const relay = createTestRelay({ graceMs: FOREVER_MS });
    const port = await relay.listen(await freePort());
    const socket = connect(port, '127.0.0.1');
    addCleanup(() => void socket.destroy());
    socket.resume();
    const ended = once(socket, 'end');
    await once(relay, 'joined');
    await relay.close();
    await ended;
    expect(await listenErrorCode(port)).to.equal(undefined);
  });

  it('closes the port when it is called while listen() is pending', async () => {
    const relay = createTestRelay();
    const port = await freePort();
    const listening = relay.listen(port).catch(() => {});
    await relay.close();
    await listening;
    expect(await listenErrorCode(port)).to.equal(undefined);
  });

  it('destroys the streams of transforms that never answer', async () => {
    const stuck = objectTransform(() => {});
    const relay = createTestRelay({ transforms: [{ createStream: () => stuck }] });
    new Member(relay).send('hello\n');
    await relay.close(10);
    expect(stuck.destroyed).to.equal(true);
  });

  it('leaves no client in stats() when a transform has never answered', async () => {
    const relay = createTestRelay({ transforms: [() => new Promise<never>(() => {})] });
    const member = new Member(relay);
    member.send('hello\n');
    await relay.close(10);
    expect(relay.stats().clients).to.equal(0);
    expect(relay.stats().pendingTransforms.size).to.equal(0);
  });

  it('is called by await using', async () => {
    const relay = createRelay({ graceMs: FOREVER_MS });
    const a = await join(relay);
    await relay[Symbol.asyncDispose]();
    await a.ended;
    expect(() => new Member(relay))
      .to.throw()
      .with.property('code', 'ERR_STATE');
  });

  describe('with the option signal', () => {
    it('is called when the signal is aborted', async () => {
      const controller = new AbortController();
      const relay = createTestRelay({ graceMs: FOREVER_MS, signal: controller.signal });
      const a = await join(relay);
      const closed = once(relay, 'close');
      controller.abort();
      await closed;
      await a.ended;
    });

    it('is called at once when the signal is aborted already', async () => {
      const relay = createTestRelay({ signal: AbortSignal.abort() });
      expect(() => new Member(relay))
        .to.throw()
        .with.property('code', 'ERR_STATE');
      await once(relay, 'close');
    });

    it('leaves no listener on the signal when the relay is closed by other means', async () => {
      const { signal } = new AbortController();
      const relay = createTestRelay({ signal });
      await relay.close();
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    });
  });
});
