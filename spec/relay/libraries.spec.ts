import { type Duplex, type PassThrough, Stream } from 'node:stream';
import { expect } from 'chai';
import type { MiniServError, Relay } from '../../lib/index.js';
import { Inbox } from '../support/inbox.js';
import { createTestRelay, join, recordEvents } from '../support/room.js';
import {
  type Connection,
  connectionMakers,
  duplexify,
  readableStreams,
  streamx,
} from '../support/stream-libraries.js';
import { eventually } from '../support/waiting.js';
import {
  arrivedNotice,
  joinLines,
  leftNotice,
  numberedLines,
  relayed,
  relayedBytes,
} from '../support/wire.js';

function reading(output: PassThrough): Inbox {
  const inbox = new Inbox();
  output.on('data', (chunk: Buffer) => inbox.push(chunk));
  return inbox;
}

async function enter(relay: Relay, make: () => Connection): Promise<Connection> {
  const connection = make();
  await relay.handle(connection.duplex).id;
  return connection;
}

for (const [name, make] of Object.entries(connectionMakers)) {
  describe(`relay.handle() of a Duplex of ${name}`, () => {
    it('carries any bytes in both directions', async () => {
      const relay = createTestRelay();
      const events = recordEvents(relay);
      const { input, output } = await enter(relay, make);
      const inbox = reading(output);
      const b = await join(relay);
      const line = Buffer.from([0xff, 0x00, 0x0d, 0xe2, 0x82]);
      input.write(Buffer.concat([line, Buffer.from('\nsecond\nrest')]));
      await b.receives(relayedBytes(0, line, Buffer.from('second')));
      b.send(Buffer.concat([line, Buffer.from('\n')]));
      await inbox.exactly(Buffer.concat([Buffer.from(arrivedNotice(1)), relayedBytes(1, line)]));
      expect(events.text).to.not.include('warning');
    });

    it('leaves when it ends its side, and still gets what was sent before', async () => {
      const relay = createTestRelay();
      const { input, output } = await enter(relay, make);
      const b = await join(relay);
      const lines = numberedLines(1);
      b.send(joinLines(lines));
      await eventually('the lines', () => (relay.stats().lagBytes.get(0) ?? 0) > 500_000);
      input.end('bye\n');
      await b.receives(relayed(0, 'bye'), leftNotice(0));
      const inbox = reading(output);
      await inbox.exactly(Buffer.from(arrivedNotice(1) + relayed(1, ...lines)));
      await eventually('the client to be gone', () => relay.stats().clients === 1);
      expect(output.writableEnded).to.equal(true);
    });

    it('is not written to faster than it reads', async () => {
      const relay = createTestRelay();
      const { output } = await enter(relay, make);
      const b = await join(relay);
      const lines = numberedLines(2);
      const events = recordEvents(relay);
      b.send(joinLines(lines));
      await events.until(`line 1 ${lines.at(-1)}\n`);
      expect(relay.stats().lagBytes.get(0)).to.be.above(2 ** 20);
      const inbox = reading(output);
      await inbox.exactly(Buffer.from(arrivedNotice(1) + relayed(1, ...lines)));
      await eventually('no lag', () => relay.stats().lagBytes.get(0) === 0);
    });

    it('leaves when it is destroyed', async () => {
      const relay = createTestRelay();
      const { duplex } = await enter(relay, make);
      const b = await join(relay);
      duplex.destroy();
      await b.receives(leftNotice(0));
      await eventually('the client to be gone', () => relay.stats().clients === 1);
    });

    it('leaves with the reason when it emits an error', async () => {
      const relay = createTestRelay();
      const events = recordEvents(relay);
      const { duplex } = await enter(relay, make);
      const b = await join(relay);
      duplex.emit('error', new Error('line noise'));
      await b.receives(leftNotice(0));
      await events.until('left 0 line noise\n');
      expect(relay.stats().clients).to.equal(1);
    });
  });
}

describe('relay.handle() of a stream that cannot be a client', () => {
  const expected = 'duplex: expected a Duplex of bytes that does not decode them, got';
  const libraries = 'node:stream, readable-stream 2 or later, or streamx';
  const cases: Record<string, [value: () => unknown, message: string]> = {
    'objects, of readable-stream 2': [
      () => new readableStreams[2].PassThrough({ objectMode: true }),
      `${expected} [PassThrough] in object mode; create it without objectMode`,
    ],
    'objects, of duplexify': [
      () => duplexify.obj(),
      `${expected} [Duplexify] in object mode; create it without objectMode`,
    ],
    'text, of readable-stream 3': [
      () => new readableStreams[3].PassThrough().setEncoding('utf8'),
      `${expected} [PassThrough] that decodes them as utf8; do not call its setEncoding()`,
    ],
    'a Readable of streamx': [() => new streamx.Readable(), `${expected} [Readable]`],
    'a Writable of streamx': [() => new streamx.Writable(), `${expected} [Writable]`],
    'a stream without a read(), of the first version of streams': [
      () => Object.assign(new Stream(), { readable: true, writable: true, write() {}, end() {} }),
      `${expected} [Stream] of a library that is not supported; use ${libraries}`,
    ],
    'a stream that does not tell whether it carries objects': [
      () => Object.defineProperty(new readableStreams[3].PassThrough(), '_readableState', { value: {} }),
      `${expected} [PassThrough] of a library that is not supported; use ${libraries}`,
    ],
    'a TransformStream': [() => new TransformStream(), `${expected} [TransformStream]`],
  };
  for (const [name, [value, message]] of Object.entries(cases)) {
    it(`throws ERR_OPTION with the reason: ${name}`, () => {
      const relay = createTestRelay();
      let error: MiniServError | undefined;
      try {
        relay.handle(value() as Duplex);
      } catch (reason) {
        error = reason as MiniServError;
      }
      expect(error).to.include({ code: 'ERR_OPTION', message });
    });
  }

  it('ends the client of a stream that turns out to carry objects', async () => {
    const relay = createTestRelay();
    const events = recordEvents(relay);
    const duplex = new streamx.Duplex();
    await relay.handle(duplex).id;
    const b = await join(relay);
    duplex.push({ kind: 'line' });
    await b.receives(leftNotice(0));
    expect(events.text).to.match(/^left 0 .*the stream emitted .* instead of bytes/m);
  });
});
