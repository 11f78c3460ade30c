import { Transform } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { Message, MessageTransform, MiniServError } from '../../lib/index.js';
import { createTestRelay, join, recordEvents } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

const isBad = (message: Message): boolean => message.kind === 'line' && message.text === 'bad';

/** Shows in the output that the transforms around a failed one continue. */
const addBrackets: MessageTransform = (message) =>
  message.kind === 'line' ? { ...message, text: `[${message.text}]` } : message;
const removeBrackets: MessageTransform = (message) =>
  message.kind === 'line' ? { ...message, text: message.text.slice(1, -1) } : message;

type Done = (error?: Error | null, message?: unknown) => void;
type OnBad = (this: Transform, done: Done, message: Message) => void;

/** A stream that does this for a line `bad`, and passes all other messages. */
const stream = (onBad: OnBad): MessageTransform => ({
  createStream: () =>
    new Transform({
      objectMode: true,
      transform(message: Message, _encoding, done: Done) {
        if (isBad(message)) onBad.call(this, done, message);
        else done(null, message);
      },
    }),
});

const failures: Record<string, MessageTransform> = {
  'a stream that throws': stream(() => {
    throw new Error('oops');
  }),
  'a stream that calls back with an error': stream((done) => done(new Error('oops'))),
  'a stream that calls back with an error later': stream((done) => setTimeout(done, 5, new Error('oops'))),
  'a stream that emits an invalid object': stream((done) => done(null, { kind: 'Line' })),
  'a stream that emits a string later': stream((done) => setTimeout(done, 5, null, 'garbage')),
  'a stream that destroys itself': stream(function () {
    this.destroy();
  }),
  'a stream that destroys itself with an error': stream(function () {
    this.destroy(new Error('oops'));
  }),
  'a stream that emits an error': stream(function () {
    this.emit('error', new Error('oops'));
  }),
  'a stream that ends early': stream(function () {
    this.push(null);
  }),
  'a stream of through2 that throws': {
    createStream: () =>
      objectTransform((message: Message, _encoding, done) => {
        if (isBad(message)) throw new Error('oops');
        done(null, message);
      }),
  },
  'a function that throws': (message) => {
    if (isBad(message)) throw new Error('oops');
    return message;
  },
  'a function that rejects': async (message) => {
    if (isBad(message)) throw new Error('oops');
    return message;
  },
  'a function that returns undefined': (message) => (isBad(message) ? (undefined as never) : message),
  'a function that returns a Map': (message) => (isBad(message) ? (new Map() as never) : message),
  'a function that returns an array with a string': (message) =>
    isBad(message) ? ([message, 'garbage'] as never) : message,
  'a generator that throws': async function* (messages) {
    for await (const message of messages) {
      if (isBad(message)) throw new Error('oops');
      yield message;
    }
  },
  'a generator that returns': async function* (messages) {
    for await (const message of messages) {
      if (isBad(message)) return;
      yield message;
    }
  },
};

describe('--on-transform-error bypass', () => {
  const lines = ['1', '2', 'bad', '3', 'bad', '4'];
  for (const [what, transform] of Object.entries(failures)) {
    for (const [place, transforms] of [
      ['alone', [transform]],
      ['first', [transform, addBrackets]],
      ['last', [addBrackets, removeBrackets, transform, addBrackets]],
    ] as const) {
      it(`loses no line and repeats no line with ${what} (${place} in the chain)`, async () => {
        const relay = createTestRelay({ transforms, onTransformError: 'bypass' });
        const warnings: MiniServError[] = [];
        relay.on('warning', (warning) => warnings.push(warning));
        const [a, b] = [await join(relay), await join(relay)];
        // In one chunk, so that the transform has several messages at once.
        b.send(lines.map((line) => `${line}\n`).join(''));
        await a.until(place === 'alone' ? relayed(1, '4') : relayed(1, '[4]'));
        b.send('5\n');
        b.end();
        const all = [...lines, '5'].map((line) => (place === 'alone' ? line : `[${line}]`));
        // A generator that returns has acknowledged the message that it received last.
        const expected = what === 'a generator that returns' ? all.toSpliced(2, 1) : all;
        await a.receives(arrivedNotice(1), relayed(1, ...expected), leftNotice(1));
        expect(warnings.map(({ code, client }) => [code, client])).to.deep.equal([['ERR_TRANSFORM', 1]]);
      });
    }
  }

  it('keeps a client whose createStream throws', async () => {
    const broken: MessageTransform = {
      createStream() {
        throw new Error('oops');
      },
    };
    for (const transforms of [[broken], [broken, addBrackets], [addBrackets, broken, broken]]) {
      const relay = createTestRelay({ transforms, onTransformError: 'bypass' });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('x\n');
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, transforms.length > 1 ? '[x]' : 'x'), leftNotice(1));
    }
  });

  it('keeps a client whose transforms fail one after the other', async () => {
    const thrower = stream(() => {
      throw new Error('oops');
    });
    const garbage = stream((done) => done(null, 5));
    const relay = createTestRelay({
      transforms: [thrower, garbage, garbage, thrower],
      onTransformError: 'bypass',
    });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\nbad\n2\n');
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, '1', 'bad', '2'), leftNotice(1));
    expect(events.text.match(/warning ERR_TRANSFORM 1/g)).to.have.length(4);
  });

  it('announces the departure of a client whose transform fails in flush', async () => {
    const failsInFlush: MessageTransform = {
      createStream: () =>
        new Transform({
          objectMode: true,
          transform: (message, _encoding, done) => done(null, message),
          flush: (done) => done(new Error('oops')),
        }),
    };
    const relay = createTestRelay({ transforms: [failsInFlush, addBrackets], onTransformError: 'bypass' });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('x\n');
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, '[x]'), leftNotice(1));
  });

  it('loses none of 5,000 lines that are spread over slow transforms', async () => {
    const slow: MessageTransform = async (message) => {
      await new Promise((resolve) => setImmediate(resolve));
      return message;
    };
    const failsLater = stream((done) => setTimeout(done, 5, new Error('oops')));
    const relay = createTestRelay({
      transforms: [slow, failsLater, slow, addBrackets],
      onTransformError: 'bypass',
    });
    const [a, b] = [await join(relay), await join(relay)];
    const many = Array.from({ length: 5000 }, (_, i) => (i === 2500 ? 'bad' : `${i}`));
    b.send(many.map((line) => `${line}\n`).join(''));
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, ...many.map((line) => `[${line}]`)), leftNotice(1));
    await eventually('no pending messages', () => relay.stats().pendingTransforms.size === 0);
  });
});

describe('transform that never acknowledges a message', () => {
  for (const onTransformError of ['close', 'bypass'] as const) {
    it(`delays only its own client and is counted in pendingTransforms (${onTransformError})`, async () => {
      const relay = createTestRelay({ transforms: [stream(() => {})], onTransformError });
      const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
      await eventually('acknowledged arrivals', () => relay.stats().pendingTransforms.size === 0);
      b.send('1\nbad\n2\n3\n');
      await a.until(relayed(1, '1'));
      c.send('hello\n');
      await a.receives(arrivedNotice(1), arrivedNotice(2), relayed(1, '1'), relayed(2, 'hello'));
      await b.until(relayed(2, 'hello'));
      // `bad`, and the two lines behind it.
      await eventually('three pending messages', () => relay.stats().pendingTransforms.get(1) === 3);
      expect([...relay.stats().pendingTransforms.keys()]).to.deep.equal([1]);
      await relay.close(10);
    });
  }
});
