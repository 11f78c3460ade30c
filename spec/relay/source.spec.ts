import { Duplex, duplexPair, PassThrough } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { ClientEvent, Message } from '../../lib/protocol/message.js';
import { Client } from '../../lib/relay/client.js';
import { nodeEnvironment } from '../../lib/util/environment.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { diary, join, Member, room } from '../support/room.js';
import { arrived, left, said } from '../support/wire.js';

describe('source', () => {
  it('says who came, each line, and who left, in this order', async () => {
    const relay = room();
    const listener = await join(relay);
    const speaker = await join(relay);
    speaker.send('one\ntwo\n');
    speaker.end();
    await listener.hears(arrived(1), said(1, 'one', 'two'), left(1));
  });

  it('says a line that comes in pieces once its newline is there, and mixes it with nothing', async () => {
    const relay = room();
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    a.send('be');
    b.send('begin');
    a.send('gin');
    b.send('ning\n');
    await c.until(said(1, 'beginning'));
    a.send('\nend\n');
    await c.hears(said(1, 'beginning'), said(0, 'begin', 'end'));
  });

  it('drops text that was never terminated, and leaks it into nothing', async () => {
    const relay = room();
    const [listener, speaker] = [await join(relay), await join(relay)];
    speaker.send('said\nnever said');
    speaker.end();
    await listener.until(left(1));
    const next = await join(relay);
    next.send('next\n');
    await listener.hears(arrived(1), said(1, 'said'), left(1), arrived(2), said(2, 'next'));
  });

  type Ends = (connection: { near: Duplex; far: Duplex }) => void;
  const ends: Record<string, Ends> = {
    FIN: ({ near }) => near.end(),
    'an error': ({ far }) => far.destroy(new Error('ECONNRESET')),
    'a connection that is simply closed': ({ far }) => far.destroy(),
    'FIN and then an error': ({ near, far }) => {
      near.end();
      far.once('end', () => far.destroy(new Error('EPIPE')));
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    for (const [kind, transforms] of [
      ['without transforms', []],
      ['with one', [() => objectTransform()]],
    ] as const) {
      it(`says exactly once that a client left: ${name}, ${kind}`, async () => {
        const relay = room({ transforms });
        const events = diary(relay);
        const listener = await join(relay);
        const speaker = await join(relay);
        speaker.send('last words\nno wor');
        await listener.until(said(1, 'last words'));
        end(speaker);
        await listener.until(left(1));
        listener.send('mark\n');
        await events.until('line 0 mark\n');
        await listener.hears(arrived(1), said(1, 'last words'), left(1));
        expect(events.text.match(/^left/gm)).to.have.length(1);
      });

      it(`says what was read before a connection broke: ${name}, ${kind}`, async () => {
        const relay = room({ transforms });
        const listener = await join(relay);
        const [near, far] = duplexPair();
        // Read from the connection, and not yet passed on when it ends.
        near.write('one\ntwo\nthr');
        const speaker = new Member(relay, [near, far]);
        end(speaker);
        await listener.until(left(1));
        await listener.hears(arrived(1), said(1, 'one', 'two'), left(1));
      });
    }
  }

  it('says what was read behind a line that still waits, when the connection breaks', async () => {
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    // The first client's lines wait; so what it sends backs up as far as its connection.
    const slow = () =>
      objectTransform((message: { client: number }, _encoding, done) => {
        if (message.client !== 1) done(null, message);
        else void held.then(() => done(null, message));
      });
    const relay = room({ transforms: [slow] });
    const listener = await join(relay);
    const speaker = new Member(relay);
    const lines = Array.from({ length: 200 }, (_, i) => `${i} `.padEnd(999, 'x'));
    for (const line of lines) speaker.send(`${line}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    const { near, far } = speaker;
    // What was handed over to the far end has been read, also the one piece of which the near end has yet to hear
    // that it was taken; the others are lost with the connection.
    expect(far.readableLength).to.be.above(0);
    const read = lines.length - near.writableLength / 1000 + 1;
    far.destroy(new Error('ECONNRESET'));
    go();
    await listener.hears(arrived(1), said(1, ...lines.slice(0, read)), left(1));
  });

  it('notices a connection that was closed before it was handed over', async () => {
    const relay = room();
    const listener = await join(relay);
    const [near, far] = duplexPair();
    near.on('error', () => {});
    far.destroy();
    await new Promise((resolve) => far.once('close', resolve));
    relay.handle(far);
    await listener.until(left(1));
    await listener.hears(arrived(1), left(1));
    expect(relay.stats().clients).to.equal(1);
  });

  it('notices a connection that was ended before it was handed over', async () => {
    const relay = room();
    const listener = await join(relay);
    const [near, far] = duplexPair();
    near.end();
    far.resume();
    await new Promise((resolve) => far.once('end', resolve));
    const late = new Member(relay, [near, far]);
    await listener.until(left(1));
    await late.ended;
    await listener.hears(arrived(1), left(1));
  });

  it('disconnects who sends a line that is too long, after what it said before', async () => {
    const relay = room({ maxLineBytes: 10 });
    const events = diary(relay);
    const listener = await join(relay);
    const speaker = await join(relay);
    speaker.send('0123456789\n0123456789a\nafter\n');
    await speaker.ended;
    await listener.hears(arrived(1), said(1, '0123456789'), left(1));
    await events.until('left 1 client 1 sent a line of more than 10 bytes\n');
    await events.until('warning ERR_LINE_TOO_LONG 1\n');
  });

  it('owes one who sent such a line what was said by then, though it goes on sending', async () => {
    const relay = room({ maxLineBytes: 10 });
    const events = diary(relay);
    const [listener, speaker] = [await join(relay), await join(relay)];
    speaker.halt();
    listener.send('one\n'.repeat(100_000));
    await listener.until('');
    speaker.send('0123456789a');
    await listener.until(left(1));
    for (let i = 0; i < 100; i++) speaker.send('more\n'.repeat(1000));
    speaker.wake();
    await speaker.ended;
    await speaker.hears(said(0, 'one').repeat(100_000));
    expect(events.text).to.include('left 1 client 1 sent a line of more than 10 bytes\n');
  });

  it('ends the connection of one who was disconnected and will not close its side', async () => {
    const relay = room({ maxLineBytes: 10, graceMs: 20 });
    const speaker = await join(relay);
    const closed = new Promise((resolve) => speaker.far.once('close', resolve));
    speaker.send('0123456789a');
    await closed;
    expect(relay.stats().clients).to.equal(0);
  });

  it('sets no second timer for one whose transform fails when it is disconnected for something else', async () => {
    const world = fakeEnvironment();
    const failsAtEnd = () => (message: Message) => {
      if (message.kind === 'left') throw new Error('oops');
      return message;
    };
    const relay = room({ maxLineBytes: 10, transforms: [failsAtEnd], environment: world });
    const events = diary(relay);
    const speaker = await join(relay);
    speaker.halt();
    speaker.send('0123456789a');
    await events.until('warning ERR_LINE_TOO_LONG 0\n');
    await events.until('warning ERR_TRANSFORM 0\n');
    speaker.near.destroy();
    speaker.far.destroy();
    await relay.close(0);
    expect(world.clock.pending).to.equal(0);
  });

  for (const [kind, transforms] of [
    ['without transforms', []],
    ['with one', [() => objectTransform()]],
  ] as const) {
    it(`hears who was paused when it was handed over, and that it leaves: ${kind}`, async () => {
      const relay = room({ transforms });
      const listener = await join(relay);
      const pair = duplexPair();
      pair[1].pause();
      const speaker = await join(relay, pair);
      speaker.send('hello\n');
      speaker.end();
      await listener.hears(arrived(1), said(1, 'hello'), left(1));
    });

    it(`says what had been read of who was destroyed before it was handed over: ${kind}`, async () => {
      const relay = room({ transforms });
      const listener = await join(relay);
      const gone = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      gone.push('last words\nrest');
      gone.destroy();
      relay.handle(gone);
      await listener.hears(arrived(1), said(1, 'last words'), left(1));
    });
  }

  it('leaves nothing behind on the hub or on its input, however its client leaves', async () => {
    const hub = new PassThrough({ objectMode: true });
    const listeners = (): string[] =>
      hub.eventNames().map((name) => `${String(name)} ${hub.listenerCount(name)}`);
    let gone = (): void => {};
    hub.on('data', ({ kind }: ClientEvent) => kind === 'left' && gone());
    const before = listeners();
    for (const [name, end] of Object.entries(ends)) {
      for (const words of ['', 'said\n', 'said\nrest', '0123456789a\n']) {
        for (const transforms of [[], [() => objectTransform()]]) {
          const [near, far] = duplexPair();
          far.on('error', () => {});
          const { clock } = nodeEnvironment;
          const throttle = (_client: number, resume: () => void): void => resume();
          const policy = { onTransformError: 'close', warn: () => {} } as const;
          const options = { hub, clock, transforms, maxLineBytes: 10, throttle, ...policy };
          const client = new Client(0, far, { ...options, graceMs: 0, onClose: () => {} });
          const left = new Promise<void>((resolve) => {
            gone = resolve;
          });
          client.start();
          near.write(words);
          end({ near, far });
          await left;
          await new Promise((resolve) => setImmediate(resolve));
          expect(listeners(), `${name}, ${JSON.stringify(words)}`).to.deep.equal(before);
          for (const event of ['data', 'drain', 'readable']) expect(far.listenerCount(event)).to.equal(0);
        }
      }
    }
  });
});
