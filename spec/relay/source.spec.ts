import { Duplex, duplexPair, PassThrough } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { ClientEvent, Message } from '../../lib/protocol/message.js';
import { Client } from '../../lib/relay/client.js';
import { GuardedDuplex } from '../../lib/relay/guarded-duplex.js';
import { nodeEnvironment } from '../../lib/util/environment.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

describe('Source', () => {
  it('sends the arrival, each line and the leaving in this order', async () => {
    const relay = createTestRelay();
    const listener = await join(relay);
    const speaker = await join(relay);
    speaker.send('one\ntwo\n');
    speaker.end();
    await listener.receives(arrivedNotice(1), relayed(1, 'one', 'two'), leftNotice(1));
  });

  it('sends a line that arrives in pieces when its newline has arrived, unmixed with other clients', async () => {
    const relay = createTestRelay();
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    a.send('be');
    b.send('begin');
    a.send('gin');
    b.send('ning\n');
    await c.until(relayed(1, 'beginning'));
    a.send('\nend\n');
    await c.receives(relayed(1, 'beginning'), relayed(0, 'begin', 'end'));
  });

  it('drops an unterminated line when its client leaves, and does not leak it to the next client', async () => {
    const relay = createTestRelay();
    const [listener, speaker] = [await join(relay), await join(relay)];
    speaker.send('said\nnever said');
    speaker.end();
    await listener.until(leftNotice(1));
    const next = await join(relay);
    next.send('next\n');
    await listener.receives(
      arrivedNotice(1),
      relayed(1, 'said'),
      leftNotice(1),
      arrivedNotice(2),
      relayed(2, 'next'),
    );
  });

  type Ends = (connection: { near: Duplex; far: Duplex }) => void;
  const ends: Record<string, Ends> = {
    FIN: ({ near }) => near.end(),
    'an error': ({ far }) => far.destroy(new Error('ECONNRESET')),
    'a close without an error': ({ far }) => far.destroy(),
    'FIN and then an error': ({ near, far }) => {
      near.end();
      far.once('end', () => far.destroy(new Error('EPIPE')));
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    for (const [kind, transforms] of [
      ['without transforms', []],
      ['with a transform', [{ createStream: () => objectTransform() }]],
    ] as const) {
      it(`announces exactly once that a client left after ${name}, ${kind}`, async () => {
        const relay = createTestRelay({ transforms });
        const events = recordEvents(relay);
        const listener = await join(relay);
        const speaker = await join(relay);
        speaker.send('last words\nno wor');
        await listener.until(relayed(1, 'last words'));
        end(speaker);
        await listener.until(leftNotice(1));
        listener.send('mark\n');
        await events.until('line 0 mark\n');
        await listener.receives(arrivedNotice(1), relayed(1, 'last words'), leftNotice(1));
        expect(events.text.match(/^left/gm)).to.have.length(1);
      });

      it(`sends complete lines that were received before ${name}, ${kind}`, async () => {
        const relay = createTestRelay({ transforms });
        const listener = await join(relay);
        const [near, far] = duplexPair();
        // Received, but not passed on yet when the connection ends.
        near.write('one\ntwo\nthr');
        const speaker = new Member(relay, [near, far]);
        end(speaker);
        await listener.until(leftNotice(1));
        await listener.receives(arrivedNotice(1), relayed(1, 'one', 'two'), leftNotice(1));
      });
    }
  }

  it('sends lines that were received behind a waiting line when the connection breaks', async () => {
    let go = (): void => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    // The lines of client 1 wait in the transform, so its later lines back up to its connection.
    const slow = () =>
      objectTransform((message: { client: number }, _encoding, done) => {
        if (message.client !== 1) done(null, message);
        else void held.then(() => done(null, message));
      });
    const relay = createTestRelay({ transforms: [{ createStream: slow }] });
    const listener = await join(relay);
    const speaker = new Member(relay);
    const lines = Array.from({ length: 200 }, (_, i) => `${i} `.padEnd(999, 'x'));
    for (const line of lines) speaker.send(`${line}\n`);
    await new Promise((resolve) => setImmediate(resolve));
    const { near, far } = speaker;
    // The far end has received the chunks that left the near end's buffer, and the one that is not acknowledged yet.
    // The others are lost with the connection.
    expect(far.readableLength).to.be.above(0);
    const read = lines.length - near.writableLength / 1000 + 1;
    far.destroy(new Error('ECONNRESET'));
    go();
    await listener.receives(arrivedNotice(1), relayed(1, ...lines.slice(0, read)), leftNotice(1));
  });

  it('announces a client whose connection closed before handle() was called, and that it left', async () => {
    const relay = createTestRelay();
    const listener = await join(relay);
    const [near, far] = duplexPair();
    near.on('error', () => {});
    far.destroy();
    await new Promise((resolve) => far.once('close', resolve));
    relay.handle(far);
    await listener.until(leftNotice(1));
    await listener.receives(arrivedNotice(1), leftNotice(1));
    expect(relay.stats().clients).to.equal(1);
  });

  it('announces a client whose connection ended before handle() was called, and that it left', async () => {
    const relay = createTestRelay();
    const listener = await join(relay);
    const [near, far] = duplexPair();
    near.end();
    far.resume();
    await new Promise((resolve) => far.once('end', resolve));
    const late = new Member(relay, [near, far]);
    await listener.until(leftNotice(1));
    await late.ended;
    await listener.receives(arrivedNotice(1), leftNotice(1));
  });

  it('disconnects a client that sends too long a line, after sending its lines before that', async () => {
    const relay = createTestRelay({ maxLineBytes: 10 });
    const events = recordEvents(relay);
    const listener = await join(relay);
    const speaker = await join(relay);
    speaker.send('0123456789\n0123456789a\nafter\n');
    await speaker.ended;
    await listener.receives(arrivedNotice(1), relayed(1, '0123456789'), leftNotice(1));
    await events.until('left 1 client 1 is disconnected: it sent a line longer than 10 bytes\n');
    await events.until('warning ERR_LINE_TOO_LONG 1\n');
  });

  it('delivers what a client is owed that sent too long a line, though it continues to send', async () => {
    const relay = createTestRelay({ maxLineBytes: 10, graceMs: 60_000 });
    const events = recordEvents(relay);
    const [listener, speaker] = [await join(relay), await join(relay)];
    speaker.pause();
    listener.send('one\n'.repeat(100_000));
    await listener.until('');
    speaker.send('0123456789a');
    await listener.until(leftNotice(1));
    for (let i = 0; i < 100; i++) speaker.send('more\n'.repeat(1000));
    speaker.resume();
    await speaker.ended;
    await speaker.receives(relayed(0, 'one').repeat(100_000));
    expect(events.text).to.include('left 1 client 1 is disconnected: it sent a line longer than 10 bytes\n');
  });

  it('closes the connection of a disconnected client that does not close its side, after graceMs', async () => {
    const relay = createTestRelay({ maxLineBytes: 10, graceMs: 20 });
    const speaker = await join(relay);
    const closed = new Promise((resolve) => speaker.far.once('close', resolve));
    speaker.send('0123456789a');
    await closed;
    expect(relay.stats().clients).to.equal(0);
  });

  it('keeps one timer when the transform of a disconnected client fails too', async () => {
    const environment = fakeEnvironment();
    const failsAtEnd = (message: Message) => {
      if (message.kind === 'left') throw new Error('oops');
      return message;
    };
    const relay = createTestRelay({ maxLineBytes: 10, transforms: [failsAtEnd], environment });
    const events = recordEvents(relay);
    const speaker = await join(relay);
    speaker.pause();
    speaker.send('0123456789a');
    await events.until('warning ERR_LINE_TOO_LONG 0\n');
    await events.until('warning ERR_TRANSFORM 0\n');
    speaker.near.destroy();
    speaker.far.destroy();
    await relay.close(0);
    expect(environment.clock.pending).to.equal(0);
  });

  for (const [kind, transforms] of [
    ['without transforms', []],
    ['with a transform', [{ createStream: () => objectTransform() }]],
  ] as const) {
    it(`reads a Duplex that was paused when handle() was called, ${kind}`, async () => {
      const relay = createTestRelay({ transforms });
      const listener = await join(relay);
      const pair = duplexPair();
      pair[1].pause();
      const speaker = await join(relay, pair);
      speaker.send('hello\n');
      speaker.end();
      await listener.receives(arrivedNotice(1), relayed(1, 'hello'), leftNotice(1));
    });

    it(`sends the complete lines of a Duplex that was destroyed before handle() was called, ${kind}`, async () => {
      const relay = createTestRelay({ transforms });
      const listener = await join(relay);
      const gone = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      gone.push('last words\nrest');
      gone.destroy();
      relay.handle(gone);
      await listener.receives(arrivedNotice(1), relayed(1, 'last words'), leftNotice(1));
    });
  }

  it('leaves no listeners on the hub or on its input, however its client leaves', async () => {
    const hub = new PassThrough({ objectMode: true });
    const listeners = (): string[] =>
      hub.eventNames().map((name) => `${String(name)} ${hub.listenerCount(name)}`);
    let gone = (): void => {};
    hub.on('data', ({ kind }: ClientEvent) => kind === 'left' && gone());
    const before = listeners();
    for (const [name, end] of Object.entries(ends)) {
      for (const words of ['', 'said\n', 'said\nrest', '0123456789a\n']) {
        for (const transforms of [[], [{ createStream: () => objectTransform() }]]) {
          const [near, inner] = duplexPair();
          const far = new GuardedDuplex(inner, nodeEnvironment.clock);
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
