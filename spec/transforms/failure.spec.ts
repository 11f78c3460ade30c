import { Duplex, PassThrough, Transform } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { ClientInfo, Message, MessageTransform, MiniServError } from '../../lib/index.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

const isBad = (message: Message): boolean => message.kind === 'line' && message.text === 'bad';

type TransformMethod = (
  this: Transform,
  message: Message,
  encoding: string,
  done: (error?: Error | null, message?: unknown) => void,
) => void;

/** A stream that does this for a line `bad`: one of through2, which is not node's class, and one of node. */
function streams(onBad: TransformMethod): Record<string, MessageTransform> {
  const transform: TransformMethod = function (message, encoding, done) {
    if (isBad(message)) return onBad.call(this, message, encoding, done);
    done(null, message);
  };
  return {
    'a stream of through2': {
      createStream: () => objectTransform(transform as Parameters<typeof objectTransform>[0]),
    },
    'a stream of node': { createStream: () => new Transform({ objectMode: true, transform }) },
  };
}

async function* throwAtBad(messages: AsyncIterable<Message>) {
  for await (const message of messages) {
    if (isBad(message)) throw new Error('oops');
    yield message;
  }
}

const failures: Record<string, Record<string, MessageTransform>> = {
  'throws synchronously': {
    ...streams(() => {
      throw new Error('oops');
    }),
    'a function': (message) => {
      if (isBad(message)) throw new Error('oops');
      return message;
    },
  },
  'throws a string': streams(() => {
    throw 'oops';
  }),
  'calls back with an error': streams((_message, _encoding, done) => done(new Error('oops'))),
  'calls back with an error later': streams((_message, _encoding, done) =>
    setImmediate(done, new Error('oops')),
  ),
  rejects: {
    ...streams((async () => {
      throw new Error('oops');
    }) as unknown as TransformMethod),
    'an async function': async (message) => {
      if (isBad(message)) throw new Error('oops');
      return message;
    },
    'an async stream of through2': {
      createStream: () =>
        objectTransform(async (message: Message) => {
          if (isBad(message)) throw new Error('oops');
          return message;
        }),
    },
    'an async generator function': async function* (messages) {
      yield* throwAtBad(messages);
    },
    'a stream of Duplex.from': { createStream: () => Duplex.from(throwAtBad) },
  },
  'calls back twice': streams((message, _encoding, done) => {
    done(null, { ...message, text: 'once' });
    done(null);
  }),
  'ends early': {
    ...streams(function (_message, _encoding, done) {
      this.push(null);
      done();
    }),
    'an async generator function': async function* (messages) {
      for await (const message of messages) {
        if (isBad(message)) return;
        yield message;
      }
    },
  },
  'emits an invalid object': streams((_message, _encoding, done) => done(null, { kind: 'Line' })),
  'emits a line without text': streams((_message, _encoding, done) => done(null, { kind: 'line', text: 5 })),
  'emits a string': streams((_message, _encoding, done) => done(null, 'bad')),
  'emits a number': streams((_message, _encoding, done) => done(null, 0)),
  'destroys itself': streams(function () {
    this.destroy();
  }),
  'destroys itself with an error': streams(function () {
    this.destroy(new Error('oops'));
  }),
  'emits an error': streams(function () {
    this.emit('error', new Error('oops'));
  }),
};

/** Uses this `createStream` for one client, and a stream that passes everything for the others. */
const onlyFor = (id: number, createStream: (client: ClientInfo) => unknown): MessageTransform => ({
  createStream: (client) => (client.id === id ? createStream(client) : objectTransform()) as Duplex,
});

describe('transform that fails', () => {
  const through: MessageTransform = { createStream: () => objectTransform() };
  for (const [what, variants] of Object.entries(failures)) {
    for (const [kind, failing] of Object.entries(variants)) {
      for (const [place, transforms] of [
        ['alone', [failing]],
        ['between others', [through, failing, through]],
      ] as const) {
        it(`disconnects only its own client: ${kind} that ${what} (${place})`, async () => {
          const relay = createTestRelay({ transforms });
          const events = recordEvents(relay);
          const warnings: MiniServError[] = [];
          relay.on('warning', (warning) => warnings.push(warning));
          const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
          b.send('good\n');
          await a.until(relayed(1, 'good'));
          b.send('bad\n');
          await a.until(leftNotice(1));
          await b.ended;
          c.send('mark\n');
          await a.until(relayed(2, 'mark'));
          c.send('bad\n');
          await a.until(leftNotice(2));
          const received = a.received.replace(relayed(1, 'once'), '').replace(relayed(2, 'once'), '');
          expect(received).to.equal(
            [
              arrivedNotice(1),
              arrivedNotice(2),
              relayed(1, 'good'),
              leftNotice(1),
              relayed(2, 'mark'),
              leftNotice(2),
            ].join(''),
          );
          expect(events.text.match(/^warning .*/gm)).to.deep.equal([
            'warning ERR_TRANSFORM 1',
            'warning ERR_TRANSFORM 2',
          ]);
          expect(warnings[1]?.message).to.match(/^transform [12] failed for client 2: ./);
          expect((await join(relay)).id).to.equal(3);
        });
      }
    }
  }

  it('is reported if it ends early although its client has left meanwhile', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const endsAtBad: MessageTransform = async function* (messages) {
      for await (const message of messages) {
        if (isBad(message)) await released;
        if (isBad(message)) return;
        yield message;
      }
    };
    const relay = createTestRelay({ transforms: [endsAtBad] });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send('good\nbad\nnever relayed\n');
    b.far.once('end', () => setImmediate(release));
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, 'good'), leftNotice(1));
    await events.until('warning ERR_TRANSFORM 1\n');
  });

  it('announces the departure of its client if it fails in flush or after the last message', async () => {
    const transform: TransformMethod = (message, _encoding, done) => done(null, message);
    const throwError = (): never => {
      throw new Error('oops');
    };
    const failing: MessageTransform[] = [
      onlyFor(1, () => new Transform({ objectMode: true, transform, flush: throwError })),
      onlyFor(
        1,
        () => new Transform({ objectMode: true, transform, flush: (done) => done(new Error('oops')) }),
      ),
      onlyFor(1, () => objectTransform(transform as Parameters<typeof objectTransform>[0], throwError)),
      async function* (messages, { id }) {
        yield* messages;
        if (id === 1) throwError();
      },
    ];
    for (const transforms of failing.map((one) => [one])) {
      const relay = createTestRelay({ transforms });
      const events = recordEvents(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send('last\n');
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, 'last'), leftNotice(1));
      await events.until('warning ERR_TRANSFORM 1\n');
    }
  });

  it('is reported with its name, if it has one, and its position', async () => {
    const censor: MessageTransform = () => {
      throw new Error('oops');
    };
    const named: MessageTransform = {
      name: './censor.mjs',
      createStream: () => objectTransform(censor as never),
    };
    const nameless: MessageTransform = { createStream: () => objectTransform(censor as never) };
    const relay = createTestRelay({ transforms: [censor, named, nameless], onTransformError: 'bypass' });
    const warnings: MiniServError[] = [];
    relay.on('warning', (warning) => warnings.push(warning));
    await join(relay);
    const expected = [
      ['transform 1 failed for client 0: censor: oops', 'censor'],
      ['transform 2 failed for client 0: ./censor.mjs: oops', './censor.mjs'],
      ['transform 3 failed for client 0: oops', undefined],
    ];
    expect(warnings.map(({ message, transform }) => [message.split(';')[0], transform])).to.deep.equal(
      expected,
    );
    for (const { cause, client } of warnings) {
      expect([(cause as Error).message, client]).to.deep.equal(['oops', 0]);
    }
  });
});

describe('createStream that fails', () => {
  const invalid: Record<string, [createStream: () => unknown, message: RegExp]> = {
    'throws an error': [
      () => {
        throw new Error('oops');
      },
      /oops/,
    ],
    'returns a stream that is not in object mode': [
      () => new PassThrough(),
      /createStream must return a stream such as new Transform\(.*, got a stream that is not in object mode$/,
    ],
    'returns a stream half of which is in object mode': [
      () => new PassThrough({ readableObjectMode: true }),
      /got a stream that is not in object mode$/,
    ],
    'returns a destroyed stream': [() => objectTransform().destroy(), /got one that was used before$/],
    'returns undefined': [() => undefined, /got undefined$/],
    'returns null': [() => null, /got null$/],
    'returns a string': [() => 'filter', /got 'filter'$/],
    'returns a promise of a stream': [async () => objectTransform(), /got \[Promise\]$/],
    'returns an object that only looks like a stream': [
      () => ({ write() {}, pipe() {} }),
      /got \{ write: .* \} of a library that is not supported; use node:stream, readable-stream 2 or later, or streamx$/,
    ],
    'returns a function': [() => () => 5, /got \[Function \(anonymous\)\]$/],
  };
  for (const [what, [createStream, message]] of Object.entries(invalid)) {
    it(`disconnects only its own client if it ${what}`, async () => {
      const relay = createTestRelay({ transforms: [onlyFor(1, createStream)] });
      const events = recordEvents(relay);
      const warnings: MiniServError[] = [];
      relay.on('warning', (warning) => warnings.push(warning));
      const a = await join(relay);
      const b = new Member(relay);
      b.send('unheard\n');
      await b.ended;
      await events.until('left 1');
      expect(warnings.map(({ code, client }) => [code, client])).to.deep.equal([['ERR_TRANSFORM', 1]]);
      expect(warnings[0]?.message).to.match(message);
      const c = await join(relay);
      c.send('mark\n');
      await a.receives(arrivedNotice(2), relayed(2, 'mark'));
    });
  }

  it('disconnects the second client if it returns the same stream twice', async () => {
    const shared = objectTransform();
    const relay = createTestRelay({ transforms: [{ createStream: () => shared }] });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), new Member(relay)];
    await b.ended;
    await events.until('warning ERR_TRANSFORM 1\n');
    a.send('still here\n');
    await events.until('line 0 still here\n');
    expect(events.text).to.not.include('warning ERR_TRANSFORM 0');
  });
});
