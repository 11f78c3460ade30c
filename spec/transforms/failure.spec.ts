import { Duplex, PassThrough, Transform } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { Message, MiniServError, TransformFactory } from '../../lib/index.js';
import { diary, join, Member, room } from '../support/room.js';
import { arrived, left, said } from '../support/wire.js';

const isBad = (message: Message): boolean => message.kind === 'line' && message.text === 'bad';

type Classic = (
  this: Transform,
  message: Message,
  encoding: string,
  done: (error?: Error | null, message?: unknown) => void,
) => void;

/** A transform that does something to a line that says `bad`, and passes all others. */
const onBad = (bad: Classic): Classic =>
  function (message, encoding, done) {
    if (isBad(message)) return bad.call(this, message, encoding, done);
    done(null, message);
  };

/** Both through2's streams, which are not node's, and node's. */
function both(bad: Classic): Record<string, TransformFactory> {
  const transform = onBad(bad);
  return {
    'of through2': () => objectTransform(transform as Parameters<typeof objectTransform>[0]),
    'of node': () => new Transform({ objectMode: true, transform }),
  };
}

const failures: Record<string, Record<string, TransformFactory>> = {
  'throws at once': both(() => {
    throw new Error('oops');
  }),
  'throws what is no Error': both(() => {
    throw 'oops';
  }),
  'calls back with an error': both((_message, _encoding, done) => done(new Error('oops'))),
  'calls back with an error later': both((_message, _encoding, done) =>
    setImmediate(done, new Error('oops')),
  ),
  rejects: {
    ...both((async () => {
      throw new Error('oops');
    }) as unknown as Classic),
    'of through2, async': () =>
      objectTransform(async (message: Message) => {
        if (isBad(message)) throw new Error('oops');
        return message;
      }),
    'that is an async generator function': async function* (messages) {
      for await (const message of messages) {
        if (isBad(message)) throw new Error('oops');
        yield message;
      }
    },
    'that is a Duplex.from': () =>
      Duplex.from(async function* (messages: AsyncIterable<Message>) {
        for await (const message of messages) {
          if (isBad(message)) throw new Error('oops');
          yield message;
        }
      }),
  },
  'calls back twice': both((message, _encoding, done) => {
    done(null, { ...message, text: 'once' });
    done(null);
  }),
  'ends early': {
    ...both(function (_message, _encoding, done) {
      this.push(null);
      done();
    }),
    'that is an async generator function': async function* (messages) {
      for await (const message of messages) {
        if (isBad(message)) return;
        yield message;
      }
    },
  },
  'gives an object that is no message': both((_message, _encoding, done) => done(null, { kind: 'Line' })),
  'gives a line without text': both((_message, _encoding, done) => done(null, { kind: 'line', text: 5 })),
  'gives a string': both((_message, _encoding, done) => done(null, 'bad')),
  'gives a number': both((_message, _encoding, done) => done(null, 0)),
  'destroys itself': both(function () {
    this.destroy();
  }),
  'destroys itself with an error': both(function () {
    this.destroy(new Error('oops'));
  }),
  'emits an error': both(function () {
    this.emit('error', new Error('oops'));
  }),
};

/** Only the client of this id has the transform; the others go on with theirs. */
const onlyFor =
  (id: number, factory: (client: { id: number }) => unknown): TransformFactory =>
  (client) =>
    (client.id === id ? factory(client) : objectTransform()) as Duplex;

describe('transform that fails', () => {
  for (const [what, variants] of Object.entries(failures)) {
    for (const [kind, factory] of Object.entries(variants)) {
      for (const [place, around] of [
        ['alone', (bad: TransformFactory) => [bad]],
        [
          'between others',
          (bad: TransformFactory) => [() => objectTransform(), bad, () => objectTransform()],
        ],
      ] as const) {
        it(`is the end of its own client only: it ${what} (${kind}, ${place})`, async () => {
          const relay = room({ transforms: around(factory) });
          const events = diary(relay);
          let warning: MiniServError | undefined;
          relay.on('warning', (told) => {
            warning = told;
          });
          const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
          b.send('good\n');
          await a.until(said(1, 'good'));
          b.send('bad\n');
          await a.until(left(1));
          await b.ended;
          c.send('mark\n');
          await a.until(said(2, 'mark'));
          c.send('bad\n');
          await a.until(left(2));
          const heard = a.received.replace(said(1, 'once'), '').replace(said(2, 'once'), '');
          expect(heard).to.equal(
            [arrived(1), arrived(2), said(1, 'good'), left(1), said(2, 'mark'), left(2)].join(''),
          );
          expect(events.text.match(/^warning .*/gm)).to.deep.equal([
            'warning ERR_TRANSFORM 1',
            'warning ERR_TRANSFORM 2',
          ]);
          expect(warning?.message).to.match(/^transform [12] failed for client 2: ./);
          a.send('still here\n');
          expect((await join(relay)).id).to.equal(3);
        });
      }
    }
  }

  it('ends early when its client has left already, and that is said', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const relay = room({
      transforms: [
        async function* (messages) {
          for await (const message of messages) {
            if (isBad(message)) await released;
            if (isBad(message)) return;
            yield message;
          }
        },
      ],
    });
    const events = diary(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send('good\nbad\nnever said\n');
    b.far.once('end', () => setImmediate(release));
    b.end();
    await a.hears(arrived(1), said(1, 'good'), left(1));
    await events.until('warning ERR_TRANSFORM 1\n');
  });

  const unmakeable: Record<string, (client: { id: number }) => unknown> = {
    'a factory that throws': () => {
      throw new Error('oops');
    },
    'a stream that is not in object mode': () => new PassThrough(),
    'a stream half of which is in object mode': () => new PassThrough({ readableObjectMode: true }),
    'a stream that is destroyed already': () => objectTransform().destroy(),
    nothing: () => undefined,
    null: () => null,
    'a string': () => 'filter',
    'a promise of a transform': async () => objectTransform(),
    'a plain object': () => ({ write() {}, pipe() {} }),
    'a function that is no generator': () => () => 5,
  };
  for (const [what, factory] of Object.entries(unmakeable)) {
    it(`at its making is the end of its own client only: ${what}`, async () => {
      const relay = room({ transforms: [onlyFor(1, factory)] });
      const events = diary(relay);
      const a = await join(relay);
      const b = new Member(relay);
      b.send('unheard\n');
      await b.ended;
      await events.until('left 1');
      expect(events.text).to.include('warning ERR_TRANSFORM 1\n');
      const c = await join(relay);
      c.send('mark\n');
      await a.hears(arrived(2), said(2, 'mark'));
    });
  }

  it('because it was given to two clients is the end of the second', async () => {
    const shared = objectTransform();
    const relay = room({ transforms: [() => shared] });
    const events = diary(relay);
    const [a, b] = [await join(relay), new Member(relay)];
    await b.ended;
    await events.until('warning ERR_TRANSFORM 1\n');
    a.send('still here\n');
    await events.until('line 0 still here\n');
    expect(events.text).to.not.include('warning ERR_TRANSFORM 0');
  });

  it('at the end does not keep its client in the room', async () => {
    const pass: Classic = (message, _encoding, done) => done(null, message);
    const oops = (): never => {
      throw new Error('oops');
    };
    for (const factory of [
      () => new Transform({ objectMode: true, transform: pass, flush: oops }),
      () => new Transform({ objectMode: true, transform: pass, flush: (done) => done(new Error('oops')) }),
      () => objectTransform(pass as Parameters<typeof objectTransform>[0], oops),
      () =>
        async function* (messages: AsyncIterable<Message>) {
          yield* messages;
          oops();
        },
    ]) {
      const relay = room({ transforms: [onlyFor(1, factory)] });
      const events = diary(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send('last\n');
      b.end();
      await a.hears(arrived(1), said(1, 'last'), left(1));
      await events.until('warning ERR_TRANSFORM 1\n');
    }
  });

  it('is told with the name of the transform, where it has one, and its place', async () => {
    const censor = (): never => {
      throw new Error('oops');
    };
    const nameless = Object.defineProperty((): never => censor(), 'name', { value: '' });
    for (const onTransformError of ['close', 'bypass'] as const) {
      const relay = room({ transforms: [censor, nameless], onTransformError });
      const warnings: MiniServError[] = [];
      relay.on('warning', (warning) => warnings.push(warning));
      new Member(relay);
      const whatNow = onTransformError === 'close' ? '' : '; the client continues without it';
      const expected = [
        [`transform 1 failed for client 0: censor: oops${whatNow}`, 'censor'],
        [`transform 2 failed for client 0: oops${whatNow}`, undefined],
      ].slice(0, onTransformError === 'close' ? 1 : 2);
      expect(warnings.map(({ message, transform }) => [message, transform])).to.deep.equal(expected);
      expect(
        warnings.every(({ cause, client }) => (cause as Error).message === 'oops' && client === 0),
      ).to.equal(true);
    }
  });
});
