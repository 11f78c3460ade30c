import { Transform } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { Message, MiniServError, TransformFactory } from '../../lib/index.js';
import { diary, join, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrived, left, said } from '../support/wire.js';

const isBad = (message: Message): boolean => message.kind === 'line' && message.text === 'bad';
const marked = (message: Message): Message =>
  message.kind === 'line' ? { ...message, text: `[${message.text}]` } : message;
/** A transform of its own, to show that the others of the chain go on. */
const brackets: TransformFactory = () => marked;

type Done = (error?: Error | null, message?: unknown) => void;
type Bad = (this: Transform, done: Done, message: Message) => void;

/** A transform that does this at a line that says `bad`; it passes on all others. */
const classic =
  (bad: Bad): TransformFactory =>
  () =>
    new Transform({
      objectMode: true,
      transform(message: Message, _encoding, done: Done) {
        if (isBad(message)) bad.call(this, done, message);
        else done(null, message);
      },
    });

const failures: Record<string, TransformFactory> = {
  throws: classic(() => {
    throw new Error('oops');
  }),
  'calls back with an error': classic((done) => done(new Error('oops'))),
  'calls back with an error later': classic((done) => setTimeout(done, 5, new Error('oops'))),
  rejects: () => async (message: Message) => {
    if (isBad(message)) throw new Error('oops');
    return message;
  },
  'gives undefined': () => (message: Message) => (isBad(message) ? (undefined as never) : message),
  'gives garbage': classic((done) => done(null, { kind: 'Line' })),
  'gives garbage later': classic((done) => setTimeout(done, 5, null, 'garbage')),
  'destroys itself': classic(function () {
    this.destroy();
  }),
  'destroys itself with an error': classic(function () {
    this.destroy(new Error('oops'));
  }),
  'emits an error': classic(function () {
    this.emit('error', new Error('oops'));
  }),
  'ends early': classic(function () {
    this.push(null);
  }),
  'is a generator that throws': async function* (messages: AsyncIterable<Message>) {
    for await (const message of messages) {
      if (isBad(message)) throw new Error('oops');
      yield message;
    }
  },
  'is a generator that ends': async function* (messages: AsyncIterable<Message>) {
    for await (const message of messages) {
      if (isBad(message)) return;
      yield message;
    }
  },
  'is of through2 and throws': () =>
    objectTransform((message: Message, _encoding, done) => {
      if (isBad(message)) throw new Error('oops');
      done(null, message);
    }),
};

describe('bypass of a transform that fails', () => {
  const lines = ['1', '2', 'bad', '3', 'bad', '4'];
  for (const [what, factory] of Object.entries(failures)) {
    for (const [place, transforms] of [
      ['alone', [factory]],
      ['first', [factory, brackets]],
      ['last', [brackets, () => unmarked, factory, brackets]],
    ] as const) {
      it(`loses and doubles nothing: it ${what} (${place})`, async () => {
        const relay = room({ transforms, onTransformError: 'bypass' });
        const warnings: MiniServError[] = [];
        relay.on('warning', (warning) => warnings.push(warning));
        const [a, b] = [await join(relay), await join(relay)];
        // In one packet, so that many are with the transform at once.
        b.send(lines.map((line) => `${line}\n`).join(''));
        await a.until(place === 'alone' ? said(1, '4') : said(1, '[4]'));
        b.send('5\n');
        b.end();
        const all = [...lines, '5'].map((line) => (place === 'alone' ? line : `[${line}]`));
        // What a generator that ends has taken, it has answered.
        const expected = what === 'is a generator that ends' ? all.toSpliced(2, 1) : all;
        await a.hears(arrived(1), said(1, ...expected), left(1));
        expect(warnings.map(({ code, client }) => [code, client])).to.deep.equal([['ERR_TRANSFORM', 1]]);
        expect(warnings[0]?.message).to.match(
          /^transform \d failed for client 1: .*; the client continues without it$/,
        );
      });
    }
  }

  it('keeps a client whose transform cannot even be made', async () => {
    const broken: TransformFactory = () => {
      throw new Error('oops');
    };
    for (const transforms of [[broken], [broken, brackets], [brackets, broken, broken]]) {
      const relay = room({ transforms, onTransformError: 'bypass' });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('x\n');
      b.end();
      await a.hears(arrived(1), said(1, transforms.length > 1 ? '[x]' : 'x'), left(1));
    }
  });

  it('keeps a client whose transforms fail one after the other', async () => {
    const thrower = classic(() => {
      throw new Error('oops');
    });
    const garbage = classic((done) => done(null, 5));
    const relay = room({ transforms: [thrower, garbage, garbage, thrower], onTransformError: 'bypass' });
    const events = diary(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send('1\nbad\n2\n');
    b.end();
    await a.hears(arrived(1), said(1, '1', 'bad', '2'), left(1));
    expect(events.text.match(/warning ERR_TRANSFORM 1/g)).to.have.length(4);
  });

  it('keeps a client whose transform fails at its end', async () => {
    const relay = room({
      transforms: [
        () =>
          new Transform({
            objectMode: true,
            transform: (message, _encoding, done) => done(null, message),
            flush: (done) => done(new Error('oops')),
          }),
        brackets,
      ],
      onTransformError: 'bypass',
    });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('x\n');
    b.end();
    await a.hears(arrived(1), said(1, '[x]'), left(1));
  });

  it('loses nothing of thousands of lines, with slow transforms around', async () => {
    const slow: TransformFactory = () => async (message: Message) => {
      await new Promise((resolve) => setImmediate(resolve));
      return message;
    };
    const late = classic((done) => setTimeout(done, 5, new Error('oops')));
    const relay = room({ transforms: [slow, late, slow, brackets], onTransformError: 'bypass' });
    const [a, b] = [await join(relay), await join(relay)];
    const many = Array.from({ length: 5000 }, (_, i) => (i === 2500 ? 'bad' : `${i}`));
    b.send(many.map((line) => `${line}\n`).join(''));
    b.end();
    await a.hears(arrived(1), said(1, ...many.map((line) => `[${line}]`)), left(1));
    await eventually('an end of its transforms', () => relay.stats().pendingTransforms.size === 0);
  });
});

function unmarked(message: Message): Message {
  return message.kind === 'line' ? { ...message, text: message.text.slice(1, -1) } : message;
}

describe('transform that never answers', () => {
  for (const onTransformError of ['close', 'bypass'] as const) {
    it(`makes its own client wait and nobody else, and shows in stats (${onTransformError})`, async () => {
      const relay = room({ transforms: [classic(() => {})], onTransformError });
      const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
      await eventually('answers', () => relay.stats().pendingTransforms.size === 0);
      b.send('1\nbad\n2\n3\n');
      await a.until(said(1, '1'));
      c.send('hello\n');
      await a.hears(arrived(1), arrived(2), said(1, '1'), said(2, 'hello'));
      await b.until(said(2, 'hello'));
      // The line that it has not answered, and those that wait behind it.
      await eventually('stats', () => relay.stats().pendingTransforms.get(1) === 3);
      expect([...relay.stats().pendingTransforms.keys()]).to.deep.equal([1]);
      await relay.close(10);
    });
  }
});
