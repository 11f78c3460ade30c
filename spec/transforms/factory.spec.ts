import { Duplex, Transform } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { ClientInfo, Message, TransformFactory } from '../../lib/index.js';
import { diary, join, room } from '../support/room.js';
import { arrived, left, said, saidBytes } from '../support/wire.js';

type Change = (message: Message) => Message | undefined;

/** The same transform, made in each of the ways that there are. */
const kinds: Record<string, (change: Change) => TransformFactory> = {
  'a classic objectTransform of through2': (change) => () =>
    objectTransform((message: Message, _encoding, done) => done(null, change(message))),
  'an async objectTransform of through2': (change) => () =>
    objectTransform(async (message: Message) => change(message)),
  'an objectTransform of through2 by an async generator function': (change) => () =>
    objectTransform(async function* (messages: AsyncIterable<Message>) {
      for await (const message of messages)
        yield* [change(message)].filter((changed) => changed !== undefined);
    }),
  'a Transform of node': (change) => () =>
    new Transform({
      objectMode: true,
      transform: (message: Message, _encoding, done) => done(null, change(message)),
    }),
  'an async generator function': (change) =>
    async function* (messages) {
      for await (const message of messages) {
        const changed = change(message);
        if (changed !== undefined) yield changed;
      }
    },
  'a factory of an async generator function': (change) => () =>
    async function* (messages: AsyncIterable<Message>) {
      for await (const message of messages) {
        const changed = change(message);
        if (changed !== undefined) yield changed;
      }
    },
  'Duplex.from an async generator function': (change) => () =>
    Duplex.from(async function* (messages: AsyncIterable<Message>) {
      for await (const message of messages) {
        const changed = change(message);
        if (changed !== undefined) yield changed;
      }
    }),
};

for (const [name, made] of Object.entries(kinds)) {
  describe(`transform: ${name}`, () => {
    it('sees arrived, each line and left, with the text as Unicode text', async () => {
      const seen: Message[] = [];
      const relay = room({
        transforms: [
          made((message) => {
            if (message.client === 1) seen.push(message);
            return message;
          }),
        ],
      });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('für\n\n日本 👍\r\n');
      b.end();
      await a.hears(arrived(1), said(1, 'für', '', '日本 👍\r'), left(1));
      expect(seen).to.deep.equal([
        { kind: 'arrived', client: 1 },
        { kind: 'line', client: 1, text: 'für' },
        { kind: 'line', client: 1, text: '' },
        { kind: 'line', client: 1, text: '日本 👍\r' },
        { kind: 'left', client: 1 },
      ]);
    });

    it('passes a line on byte for byte that it does not change, even as a copy', async () => {
      const relay = room({ transforms: [made((message) => ({ ...message }))] });
      const [a, b] = [await join(relay), await join(relay)];
      const lines = [
        Buffer.from([0xff, 0xfe, 0x00, 0x1b, 0x0d]),
        Buffer.from([0xc3]),
        Buffer.from([0xbc, 0x80]),
        Buffer.from('ü\ufffd\ufeff'),
      ];
      b.send(Buffer.concat(lines.map((line) => Buffer.concat([line, Buffer.from('\n')]))));
      await a.hears(arrived(1), saidBytes(1, ...lines));
    });

    it('changes, drops and multiplies lines, and nothing but the text', async () => {
      const relay = room({
        transforms: [
          made((message) => {
            if (message.kind !== 'line') return message;
            if (message.text === 'drop') return undefined;
            const text = message.text === 'many' ? 'one\ntwo\n\nfour' : `${message.text} → ü`;
            return { ...message, client: 0, text };
          }),
        ],
      });
      const events = diary(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send(Buffer.from([0x61, 0xff, 0x0a]));
      b.send('drop\nmany\nlast\n');
      const lines = ['a\ufffd → ü', 'one', 'two', '', 'four', 'last → ü'];
      await a.hears(arrived(1), said(1, ...lines));
      await events.until('line 1 last → ü\n');
      expect(events.text).to.include(lines.map((line) => `line 1 ${line}\n`).join(''));
    });

    it('that drops an arrival leaves it unsaid, and its client hears the room all the same', async () => {
      const relay = room({
        transforms: [made((message) => (message.kind === 'arrived' ? undefined : message))],
      });
      const [a, b] = [await join(relay), await join(relay)];
      a.send('hello\n');
      await b.hears(said(0, 'hello'));
      b.end();
      await a.hears(left(1));
    });

    it('that drops a leaving leaves it unsaid, and its connection ends all the same', async () => {
      const relay = room({
        transforms: [made((message) => (message.kind === 'left' ? undefined : message))],
      });
      const events = diary(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send('hello\n');
      b.end();
      await b.ended;
      await events.until('left 1\n');
      const c = await join(relay);
      c.send('mark\n');
      await a.hears(arrived(1), said(1, 'hello'), arrived(2), said(2, 'mark'));
    });

    it('that drops everything has a client that hears the room', async () => {
      const relay = room({ transforms: [made((message) => (message.client === 1 ? undefined : message))] });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('unheard\n');
      a.send('hello\n');
      await b.hears(said(0, 'hello'));
      b.end();
      await b.ended;
      const c = await join(relay);
      c.send('mark\n');
      await a.hears(arrived(2), said(2, 'mark'));
    });

    it('takes 10,000 lines in one piece, in order, without a word of warning', async () => {
      const warnings: Error[] = [];
      const note = (warning: Error): void => void warnings.push(warning);
      process.on('warning', note);
      const relay = room({ transforms: [made((message) => message), made((message) => message)] });
      const [a, b] = [await join(relay), await join(relay)];
      const lines = Array.from({ length: 10_000 }, (_, i) => `${i}`);
      b.send(lines.map((line) => `${line}\n`).join(''));
      b.end();
      await a.hears(arrived(1), said(1, ...lines), left(1));
      process.off('warning', note);
      expect(warnings).to.deep.equal([]);
    });
  });
}

describe('transform', () => {
  it('is made once for each client, and told whose it is', async () => {
    const told: ClientInfo[] = [];
    const relay = room({
      transforms: [
        (client) => {
          told.push(client);
          return objectTransform();
        },
        async function* (messages, client) {
          told.push(client);
          yield* messages;
        },
      ],
    });
    const a = await join(relay);
    const b = await join(relay);
    b.send('hello\n');
    await a.hears(arrived(1), said(1, 'hello'));
    expect(told).to.deep.equal([{ id: 0 }, { id: 0 }, { id: 1 }, { id: 1 }]);
  });

  it('cannot forge who it is, or what the roster says', async () => {
    const forge = (message: Message): Message[] => {
      if (message.kind !== 'line') return [message, message];
      const { text } = message;
      return [
        { kind: 'left', client: 0 },
        { kind: 'arrived', client: 9 },
        { kind: 'line', client: 0, text: `${text}\nserver: client 0 just left` },
      ];
    };
    const relay = room({
      transforms: [
        async function* (messages) {
          for await (const message of messages) yield* forge(message);
        },
      ],
    });
    const events = diary(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hi\n');
    await a.hears(arrived(1), said(1, 'hi', 'server: client 0 just left'));
    b.end();
    await a.hears(arrived(1), said(1, 'hi', 'server: client 0 just left'), left(1));
    expect(events.text.match(/^(joined|left) .*/gm)).to.deep.equal(['joined 0', 'joined 1', 'left 1']);
  });

  it('is heard before its client leaves, with what it says at the end', async () => {
    const relay = room({
      transforms: [
        ({ id }) =>
          objectTransform(
            (message: Message, _encoding, done) => done(null, message),
            function (this: Transform, done: () => void) {
              this.push({ kind: 'line', client: id, text: 'from flush' });
              done();
            },
          ),
        async function* (messages, { id }) {
          yield* messages;
          yield { kind: 'line', client: id, text: 'from the end' };
        },
      ],
    });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hi\n');
    b.end();
    await a.hears(arrived(1), said(1, 'hi', 'from flush', 'from the end'), left(1));
  });
});
