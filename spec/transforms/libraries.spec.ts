import stream, { Duplex, PassThrough, pipeline, Readable, Stream, Writable } from 'node:stream';
import { expect } from 'chai';
import split2 from 'split2';
import type { Message, MiniServError } from '../../lib/index.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import {
  duplexify,
  mississippi,
  pumpify,
  readableStreams,
  streamx,
  through2s,
  transformMakers,
} from '../support/stream-libraries.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

const objectMode = { objectMode: true };
// The types of Node 20 lack it.
const { compose } = stream as unknown as { compose: (...streams: Duplex[]) => Duplex };

for (const [name, make] of Object.entries(transformMakers)) {
  describe(`transform with ${name}`, () => {
    it('changes and drops lines, and announces who arrives and leaves', async () => {
      const createStream = () =>
        make((message) => {
          if (message.kind !== 'line') return message;
          return message.text === 'drop' ? undefined : { ...message, text: message.text.toUpperCase() };
        });
      const relay = createTestRelay({ transforms: [{ createStream }] });
      const events = recordEvents(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send(`one\ndrop\n${'x\n'.repeat(50)}last\n`);
      b.end();
      const lines = ['ONE', ...new Array(50).fill('X'), 'LAST'];
      await a.receives(arrivedNotice(1), relayed(1, ...lines), leftNotice(1));
      await events.until('left 1\n');
      expect(events.text).to.not.include('warning');
      expect(relay.stats().pendingTransforms.size).to.equal(0);
    });

    it('disconnects only its own client when it throws, with the reason', async () => {
      const createStream = () =>
        make((message) => {
          if (message.kind === 'line' && message.text === 'fail') throw new Error('oops');
          return message;
        });
      const relay = createTestRelay({ transforms: [{ createStream }] });
      const warnings: MiniServError[] = [];
      relay.on('warning', (warning) => warnings.push(warning));
      const [a, b] = [await join(relay), await join(relay)];
      b.send('before\nfail\nafter\n');
      await b.ended;
      await a.receives(arrivedNotice(1), relayed(1, 'before'), leftNotice(1));
      expect(warnings.map(({ message }) => message)).to.deep.equal(['transform 1 failed for client 1: oops']);
    });

    it('lets the messages pass that it has not processed, in order, with bypass', async () => {
      const createStream = () =>
        make((message) => {
          if (message.kind === 'line' && message.text === 'fail') throw new Error('oops');
          return message.kind === 'line' ? { ...message, text: `${message.text}!` } : message;
        });
      const relay = createTestRelay({ transforms: [{ createStream }], onTransformError: 'bypass' });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('one\nfail\ntwo\n');
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, 'one!', 'fail', 'two'), leftNotice(1));
    });
  });
}

describe('createStream with a stream that cannot be a transform', () => {
  const expected = 'createStream must return a stream such as new Transform({ objectMode: true, transform })';
  const bytes = `${expected}, got a stream that is not in object mode`;
  const readOnly = `${expected}, got a stream that cannot be written to`;
  const writeOnly = `${expected}, got a stream that cannot be read from`;
  const pipe = `${expected}, got the last stream of a pipe, to which messages would go past the others; combine them with compose()`;
  const used = 'createStream must return a new stream for each client, got one that was used before';
  const half = (side: string): string =>
    `${expected}, with objectMode also on its ${side} side, got a stream that is not in object mode`;
  const ended = <T extends { end(): unknown }>(open: T): T => {
    open.end();
    return open;
  };
  const cases: Record<string, [createStream: () => unknown, message: string]> = {
    'through2 2 without .obj()': [() => through2s[2](), bytes],
    'through2 3 without .obj()': [() => through2s[3](), bytes],
    'through2 4 without .obj()': [() => through2s[4](), bytes],
    'duplexify without .obj()': [() => duplexify(), bytes],
    'pumpify without .obj()': [() => pumpify(through2s[4](), through2s[4]()), bytes],
    'a Duplex of bytes by Duplex.from': [
      () => Duplex.from({ readable: new PassThrough(), writable: new PassThrough() }),
      bytes,
    ],
    'byte streams in compose()': [() => compose(new PassThrough(), new PassThrough()), bytes],
    split2: [() => split2(), half('writable')],
    'objects only on the writable side': [
      () => new PassThrough({ writableObjectMode: true }),
      half('readable'),
    ],
    'objects only on the readable side, of readable-stream 3': [
      () => new readableStreams[3].PassThrough({ readableObjectMode: true }),
      half('writable'),
    ],
    'a Readable': [() => new Readable({ objectMode: true, read() {} }), readOnly],
    'a Readable of readable-stream 2': [() => new readableStreams[2].Readable(objectMode), readOnly],
    'a Readable of streamx': [() => new streamx.Readable(), readOnly],
    'a Writable': [() => new Writable(objectMode), writeOnly],
    'a Writable of readable-stream 2': [() => new readableStreams[2].Writable(objectMode), writeOnly],
    'a Writable of streamx': [() => new streamx.Writable(), writeOnly],
    'a stream of the first version of streams': [
      () => Object.assign(new Stream(), { readable: true, writable: true, write() {}, end() {} }),
      `${expected}, got [Stream] of a library that is not supported; use node:stream, readable-stream 2 or later, or streamx`,
    ],
    'a TransformStream': [
      () => new TransformStream(),
      `${expected}, got [TransformStream]; convert it with Duplex.fromWeb(stream, { objectMode: true })`,
    ],
    'the result of pipe()': [() => new PassThrough(objectMode).pipe(new PassThrough(objectMode)), pipe],
    'the result of pipe() of through2 2': [() => through2s[2].obj().pipe(through2s[2].obj()), pipe],
    'the result of pipe() of streamx': [
      () => {
        const [first, second] = [new streamx.Transform(), new streamx.Transform()];
        return first.pipe(second);
      },
      pipe,
    ],
    'the result of pipeline()': [
      () => pipeline(new PassThrough(objectMode), new PassThrough(objectMode), () => {}),
      pipe,
    ],
    'the result of mississippi.pipe()': [
      () => mississippi.pipe(through2s[4].obj(), through2s[4].obj()),
      pipe,
    ],
    'a destroyed stream of through2 2': [
      () => {
        const stream = through2s[2].obj();
        stream.destroy();
        return stream;
      },
      used,
    ],
    'an ended stream of through2 3': [() => ended(through2s[3].obj()), used],
    'an ended stream of node:stream': [() => ended(new PassThrough(objectMode)), used],
    'an ended stream of streamx': [() => ended(new streamx.Transform()), used],
    'a destroyed stream of streamx': [
      () => {
        const stream = new streamx.Transform();
        stream.destroy();
        return stream;
      },
      used,
    ],
  };
  for (const [name, [createStream, message]] of Object.entries(cases)) {
    it(`disconnects the client with the reason: ${name}`, async () => {
      const relay = createTestRelay({ transforms: [{ createStream: createStream as never }] });
      const warnings: string[] = [];
      relay.on('warning', (warning) => warnings.push(warning.message));
      const a = new Member(relay);
      await a.ended;
      expect(warnings).to.deep.equal([`transform 1 failed for client 0: ${message}`]);
    });
  }
});

describe('the streams of node:stream that combine others', () => {
  const shout = async function* (messages: AsyncIterable<Message>) {
    for await (const message of messages) {
      yield message.kind === 'line' ? { ...message, text: message.text.toUpperCase() } : message;
    }
  };
  for (const [name, createStream] of Object.entries({
    'compose() of streams': () => compose(new PassThrough(objectMode), Duplex.from(shout)),
    'Duplex.from() of a pair': () => {
      const inner = Duplex.from(shout);
      return Duplex.from({ readable: inner, writable: inner });
    },
  })) {
    it(`can be transforms: ${name}`, async () => {
      const relay = createTestRelay({ transforms: [{ createStream }] });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('one\ntwo\n');
      await a.receives(arrivedNotice(1), relayed(1, 'ONE', 'TWO'));
    });
  }
});
