import { Duplex, Transform } from 'node:stream';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { ClientInfo, Message, MessageTransform } from '../../lib/index.js';
import { createTestRelay, join, recordEvents } from '../support/room.js';
import { arrivedNotice, leftNotice, relayed, relayedBytes } from '../support/wire.js';

/** Returns the message to pass on, or undefined to drop it. */
type Change = (message: Message) => Message | undefined;

async function* changeAll(messages: AsyncIterable<Message>, change: Change) {
  for await (const message of messages) {
    const changed = change(message);
    if (changed !== undefined) yield changed;
  }
}

/** The same transform in every form that there is. */
const forms: Record<string, (change: Change) => MessageTransform> = {
  'a function of a message': (change) => (message) => change(message) ?? null,
  'an async function of a message': (change) => async (message) => change(message) ?? null,
  'a function that returns arrays': (change) => (message) =>
    [change(message)].filter((changed) => changed !== undefined),
  'an async generator function': (change) =>
    async function* (messages) {
      yield* changeAll(messages, change);
    },
  'createStream with a classic objectTransform of through2': (change) => ({
    createStream: () => objectTransform((message: Message, _encoding, done) => done(null, change(message))),
  }),
  'createStream with an async objectTransform of through2': (change) => ({
    createStream: () => objectTransform(async (message: Message) => change(message)),
  }),
  'createStream with an async generator function for through2': (change) => ({
    createStream: () =>
      objectTransform(async function* (messages: AsyncIterable<Message>) {
        yield* changeAll(messages, change);
      }),
  }),
  'createStream with a Transform of node:stream': (change) => ({
    createStream: () =>
      new Transform({
        objectMode: true,
        transform: (message: Message, _encoding, done) => done(null, change(message)),
      }),
  }),
  'createStream with Duplex.from': (change) => ({
    createStream: () =>
      Duplex.from(async function* (messages: AsyncIterable<Message>) {
        yield* changeAll(messages, change);
      }),
  }),
};

for (const [form, make] of Object.entries(forms)) {
  describe(`transform: ${form}`, () => {
    it('receives arrived, each line and left, with Unicode text', async () => {
      const seen: Message[] = [];
      const recorder = make((message) => {
        if (message.client === 1) seen.push(message);
        return message;
      });
      const relay = createTestRelay({ transforms: [recorder] });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('für\n\n日本 👍\r\n');
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, 'für', '', '日本 👍\r'), leftNotice(1));
      expect(seen).to.deep.equal([
        { kind: 'arrived', client: 1 },
        { kind: 'line', client: 1, text: 'für' },
        { kind: 'line', client: 1, text: '' },
        { kind: 'line', client: 1, text: '日本 👍\r' },
        { kind: 'left', client: 1 },
      ]);
    });

    it('keeps the bytes of a line whose text does not change, even in a copied message', async () => {
      const relay = createTestRelay({ transforms: [make((message) => ({ ...message }))] });
      const [a, b] = [await join(relay), await join(relay)];
      const lines = [
        Buffer.from([0xff, 0xfe, 0x00, 0x1b, 0x0d]),
        Buffer.from([0xc3]),
        Buffer.from([0xbc, 0x80]),
        Buffer.from('ü\ufffd\ufeff'),
      ];
      b.send(Buffer.concat(lines.map((line) => Buffer.concat([line, Buffer.from('\n')]))));
      await a.receives(arrivedNotice(1), relayedBytes(1, ...lines));
    });

    it('changes, drops and splits lines, but cannot change the client', async () => {
      const edit = make((message) => {
        if (message.kind !== 'line') return message;
        if (message.text === 'drop') return undefined;
        const text = message.text === 'many' ? 'one\ntwo\n\nfour' : `${message.text} → ü`;
        return { ...message, client: 0, text };
      });
      const relay = createTestRelay({ transforms: [edit] });
      const events = recordEvents(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send(Buffer.from([0x61, 0xff, 0x0a]));
      b.send('drop\nmany\nlast\n');
      const lines = ['a\ufffd → ü', 'one', 'two', '', 'four', 'last → ü'];
      await a.receives(arrivedNotice(1), relayed(1, ...lines));
      await events.until('line 1 last → ü\n');
      expect(events.text).to.include(lines.map((line) => `line 1 ${line}\n`).join(''));
    });

    it('hides an arrival by dropping it, while the client still receives messages', async () => {
      const dropArrivals = make((message) => (message.kind === 'arrived' ? undefined : message));
      const relay = createTestRelay({ transforms: [dropArrivals] });
      const [a, b] = [await join(relay), await join(relay)];
      a.send('hello\n');
      await b.receives(relayed(0, 'hello'));
      b.end();
      await a.receives(leftNotice(1));
    });

    it('hides a departure by dropping it, while the connection still ends', async () => {
      const dropDepartures = make((message) => (message.kind === 'left' ? undefined : message));
      const relay = createTestRelay({ transforms: [dropDepartures] });
      const events = recordEvents(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send('hello\n');
      b.end();
      await b.ended;
      await events.until('left 1\n');
      const c = await join(relay);
      c.send('mark\n');
      await a.receives(arrivedNotice(1), relayed(1, 'hello'), arrivedNotice(2), relayed(2, 'mark'));
    });

    it('drops everything of a client, which still receives messages', async () => {
      const muteOne = make((message) => (message.client === 1 ? undefined : message));
      const relay = createTestRelay({ transforms: [muteOne] });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('unheard\n');
      a.send('hello\n');
      await b.receives(relayed(0, 'hello'));
      b.end();
      await b.ended;
      const c = await join(relay);
      c.send('mark\n');
      await a.receives(arrivedNotice(2), relayed(2, 'mark'));
    });

    it('passes 10,000 lines of one chunk in order and without a process warning', async () => {
      const warnings: Error[] = [];
      const record = (warning: Error): void => void warnings.push(warning);
      process.on('warning', record);
      const relay = createTestRelay({ transforms: [make((message) => message), make((message) => message)] });
      const [a, b] = [await join(relay), await join(relay)];
      const lines = Array.from({ length: 10_000 }, (_, i) => `${i}`);
      b.send(lines.map((line) => `${line}\n`).join(''));
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, ...lines), leftNotice(1));
      process.off('warning', record);
      expect(warnings).to.deep.equal([]);
    });
  });
}

describe('transforms of a relay', () => {
  it('get the client, and are made once for each client where they make a stream or a generator', async () => {
    const calls: ClientInfo[] = [];
    const relay = createTestRelay({
      transforms: [
        {
          createStream(client) {
            calls.push(client);
            return objectTransform();
          },
        },
        async function* (messages, client) {
          calls.push(client);
          yield* messages;
        },
        (message, client) => {
          if (message.kind === 'line') calls.push(client);
          return message;
        },
      ],
    });
    const a = await join(relay);
    const b = await join(relay);
    b.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'hello'));
    expect(calls).to.deep.equal([{ id: 0 }, { id: 0 }, { id: 1 }, { id: 1 }, { id: 1 }]);
    expect(new Set(calls).size).to.equal(2);
  });

  it('can be an instance of a class with createStream', async () => {
    class Suffix {
      readonly #suffix: string;
      constructor(suffix: string) {
        this.#suffix = suffix;
      }
      createStream() {
        return objectTransform((message: Message, _encoding, done) =>
          done(null, message.kind === 'line' ? { ...message, text: message.text + this.#suffix } : message),
        );
      }
    }
    const relay = createTestRelay({ transforms: [new Suffix('!')] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hello\n');
    await a.receives(arrivedNotice(1), relayed(1, 'hello!'));
  });

  it('cannot forge another client or a notice', async () => {
    const forge = (message: Message): Message[] => {
      if (message.kind !== 'line') return [message, message];
      return [
        { kind: 'left', client: 0 },
        { kind: 'arrived', client: 9 },
        { kind: 'line', client: 0, text: `${message.text}\nserver: client 0 just left` },
      ];
    };
    const relay = createTestRelay({ transforms: [forge] });
    const events = recordEvents(relay);
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hi\n');
    await a.receives(arrivedNotice(1), relayed(1, 'hi', 'server: client 0 just left'));
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, 'hi', 'server: client 0 just left'), leftNotice(1));
    expect(events.text.match(/^(joined|left) .*/gm)).to.deep.equal(['joined 0', 'joined 1', 'left 1']);
  });

  for (const client of [0, undefined] as const) {
    it(`cannot change the client that the next transform sees (${client})`, async () => {
      const seen: (number | undefined)[] = [];
      const rename = (message: Message): Message => ({ ...message, client }) as Message;
      const record = (message: Message): Message => {
        seen.push(message.client);
        return message;
      };
      const relay = createTestRelay({ transforms: [rename, record] });
      const [a, b] = [await join(relay), await join(relay)];
      b.send('hi\n');
      await a.receives(arrivedNotice(1), relayed(1, 'hi'));
      expect(seen).to.deep.equal([0, 1, 1]);
    });
  }

  it('can emit lines when their client has left, before its departure is announced', async () => {
    const relay = createTestRelay({
      transforms: [
        {
          createStream: ({ id }) =>
            objectTransform(
              (message: Message, _encoding, done) => done(null, message),
              function (this: Transform, done: () => void) {
                this.push({ kind: 'line', client: id, text: 'from flush' });
                done();
              },
            ),
        },
        async function* (messages, { id }) {
          yield* messages;
          yield { kind: 'line', client: id, text: 'from the end' };
        },
      ],
    });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('hi\n');
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, 'hi', 'from flush', 'from the end'), leftNotice(1));
  });
});
