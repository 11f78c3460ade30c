import { getEventListeners, once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import { createRelay, type Message } from '../../lib/index.js';
import { afterwards } from '../support/cleanup.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { refusal } from '../support/ports.js';
import { diary, join, Member, room } from '../support/room.js';
import { turns } from '../support/waiting.js';
import { arrived, bulk, left, packet, said } from '../support/wire.js';

/** Much longer than a spec may take: who waits for it, fails. */
const FOREVER = 60_000;

describe('close', () => {
  it('ends every connection in good order, and says so once', async () => {
    const relay = room({ graceMs: FOREVER });
    const events = diary(relay);
    const [a, b] = [await join(relay), await join(relay)];
    await relay.close();
    await Promise.all([a.ended, b.ended]);
    // At the end of the room nobody leaves it.
    await a.hears(arrived(1));
    await b.hears();
    expect(events.text).to.equal('joined 0\njoined 1\nclose\n');
    expect(a.far.destroyed && b.far.destroyed).to.equal(true);
  });

  it('is the same however often it is called', async () => {
    const relay = room();
    const events = diary(relay);
    const first = relay.close();
    expect(relay.close()).to.equal(first);
    await first;
    await relay.close();
    expect(events.text).to.equal('close\n');
  });

  it('delivers what has been said, and what has been sent by then', async () => {
    const relay = room({ graceMs: FOREVER });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = bulk(4);
    a.send(packet(lines));
    await b.until(said(0, lines[0] ?? ''));
    b.send('last words\nno wor');
    await relay.close();
    await Promise.all([a.ended, b.ended]);
    await b.hears(said(0, ...lines));
    await a.hears(arrived(1), said(1, 'last words'));
  });

  it('does not wait longer than the grace for one who reads nothing, and cheats nobody else', async () => {
    const relay = room({ graceMs: 50 });
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    b.halt();
    const lines = bulk(4);
    a.send(packet(lines));
    await c.until(said(0, lines.at(-1) ?? ''));
    await relay.close();
    await Promise.all([a.ended, c.ended]);
    expect(b.far.destroyed).to.equal(true);
    await c.hears(said(0, ...lines));
  });

  it('waits within the grace for one who is slow', async () => {
    const relay = room({ graceMs: FOREVER });
    const [a, b] = [await join(relay), await join(relay)];
    b.halt();
    const lines = bulk(4);
    const events = diary(relay);
    a.send(packet(lines));
    await events.until(`line 0 ${lines.at(-1)}\n`);
    const closing = relay.close();
    await a.ended;
    b.wake();
    await closing;
    await b.ended;
    await b.hears(said(0, ...lines));
  });

  it('gives a peer that has been sent all a moment to close its side, and none before it has', async () => {
    const world = fakeEnvironment();
    const relay = room({ graceMs: FOREVER, environment: world });
    const events = diary(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.halt();
    const lines = bulk(1);
    a.send(packet(lines));
    await events.until(`line 0 ${lines.at(-1)}\n`);
    const closing = relay.close();
    await a.ended;
    await turns();
    world.clock.advance(100);
    await turns();
    expect([a.far.destroyed, b.far.destroyed]).to.deep.equal([true, false]);
    b.wake();
    await b.ended;
    await turns();
    expect(b.far.destroyed).to.equal(false);
    world.clock.advance(100);
    await closing;
    await b.hears(said(0, ...lines));
    expect(world.clock.pending).to.equal(0);
  });

  it('waits within the grace for every transcript, however it is read', async () => {
    const relay = room({ graceMs: FOREVER });
    const events = diary(relay);
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
    while (pending.length < 2) await turns();
    for (let more = pending.length; more > 0; more--) {
      await turns();
      expect(events.text).to.not.include('close');
      pending.shift()?.();
    }
    await closing;
    expect(text).to.equal(left(0).repeat(2));
    expect(reader.lagBytes).to.equal(0);
  });

  it('takes another grace as its argument', async () => {
    const relay = room({ graceMs: FOREVER });
    const [a, b] = [await join(relay), await join(relay)];
    b.halt();
    a.send(packet(bulk(4)));
    await relay.close(0);
    expect(b.far.destroyed).to.equal(true);
  });

  it('hears no more of who begins to speak while it waits', async () => {
    const relay = room({ graceMs: 100 });
    const events = diary(relay);
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    b.halt();
    a.send(packet(bulk(4)));
    await c.until(' 3999 ');
    const closing = relay.close();
    await c.ended;
    c.send('too late\n');
    await closing;
    expect(events.text).to.not.include('too late');
  });

  it('waits for slow transforms within the grace', async () => {
    const slow = () =>
      objectTransform(async (message: Message) => {
        await delay(1);
        return message;
      });
    const relay = room({ graceMs: FOREVER, transforms: [slow] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('one\ntwo\nthree\n');
    await a.until(said(1, 'one'));
    await relay.close();
    await a.ended;
    await a.hears(arrived(1), said(1, 'one', 'two', 'three'));
  });

  it('gives up transforms that never answer, and nothing is said after it', async () => {
    let answer = (): void => {};
    const stuck = () =>
      objectTransform((message: Message, _encoding, done) => {
        if (message.kind !== 'line') done(null, message);
        else answer = () => done(null, message);
      });
    const relay = room({ graceMs: 20, transforms: [stuck] });
    const events = diary(relay);
    const a = await join(relay);
    a.send('late\n');
    await relay.close();
    answer();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events.text).to.equal('joined 0\nclose\n');
    expect(a.far.destroyed).to.equal(true);
  });

  it('ends the transcript, and does not wait longer than the grace for one that is not read', async () => {
    const relay = room({ graceMs: 50 });
    const [read, unread] = [relay.createReadStream(), relay.createReadStream()];
    const sink = read.pipe(new PassThrough());
    sink.resume();
    const a = await join(relay);
    a.send(packet(bulk(4)));
    const ended = once(sink, 'end');
    await relay.close();
    await ended;
    expect(unread.destroyed).to.equal(true);
  });

  it('stops listening', async () => {
    const relay = room({ graceMs: FOREVER });
    const port = await relay.listen(0);
    const socket = connect(port, '127.0.0.1');
    afterwards(() => void socket.destroy());
    socket.resume();
    const ended = once(socket, 'end');
    await once(relay, 'joined');
    await relay.close();
    await ended;
    expect(await refusal(port)).to.equal(undefined);
  });

  it('stops listening also while it has only begun to', async () => {
    const relay = room();
    const listening = relay.listen(0).then(
      (port) => port,
      () => undefined,
    );
    await relay.close();
    const port = await listening;
    if (port !== undefined) expect(await refusal(port)).to.equal(undefined);
  });

  it('destroys transforms that never answer', async () => {
    const stuck = objectTransform(() => {});
    const relay = room({ transforms: [() => stuck] });
    new Member(relay).send('hello\n');
    await relay.close(10);
    expect(stuck.destroyed).to.equal(true);
  });

  it('counts no client any more, though a transform has never answered one', async () => {
    const relay = room({ transforms: [() => () => new Promise<never>(() => {})] });
    const member = new Member(relay);
    member.send('hello\n');
    await relay.close(10);
    expect(relay.stats().clients).to.equal(0);
    expect(relay.stats().pendingTransforms.size).to.equal(0);
  });

  it('is what await using does', async () => {
    const relay = createRelay({ graceMs: FOREVER });
    const a = await join(relay);
    await relay[Symbol.asyncDispose]();
    await a.ended;
    expect(() => new Member(relay))
      .to.throw()
      .with.property('code', 'ERR_STATE');
  });

  describe('by an AbortSignal', () => {
    it('that is aborted later', async () => {
      const controller = new AbortController();
      const relay = room({ graceMs: FOREVER, signal: controller.signal });
      const a = await join(relay);
      const closed = once(relay, 'close');
      controller.abort();
      await closed;
      await a.ended;
    });

    it('that is aborted already', async () => {
      const relay = room({ signal: AbortSignal.abort() });
      expect(() => new Member(relay))
        .to.throw()
        .with.property('code', 'ERR_STATE');
      await once(relay, 'close');
    });

    it('of which nothing holds the relay when that is closed by other means', async () => {
      const { signal } = new AbortController();
      const relay = room({ signal });
      await relay.close();
      expect(getEventListeners(signal, 'abort')).to.have.length(0);
    });
  });
});
