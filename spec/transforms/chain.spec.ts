import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { Message, MessageTransform } from '../../lib/index.js';
import { Inbox } from '../support/inbox.js';
import { random } from '../support/random.js';
import { createTestRelay, join, Member, recordEvents } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

/** Transforms that take a random time for each message, one of each form. */
function slowTransforms(seed: number): MessageTransform[] {
  const next = random(seed);
  const wait = async (): Promise<void> => {
    if (next() < 0.3) await delay(Math.floor(next() * 3));
    else if (next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
  };
  return [
    async (message) => {
      await wait();
      return message;
    },
    async function* (messages) {
      for await (const message of messages) {
        await wait();
        yield message;
        await wait();
      }
    },
    {
      createStream: () =>
        new Transform({
          objectMode: true,
          transform(message: Message, _encoding, done) {
            wait().then(() => done(null, message), done);
          },
        }),
    },
  ];
}

const through: MessageTransform = { createStream: () => objectTransform() };
const failAtLines =
  (text?: string): MessageTransform =>
  (message) => {
    if (message.kind === 'line' && (text === undefined || message.text === text)) throw new Error('oops');
    return message;
  };

describe('Chain of slow transforms', () => {
  it('keeps the order of the messages of a client', async () => {
    const relay = createTestRelay({ transforms: slowTransforms(1) });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = Array.from({ length: 300 }, (_, i) => `${i}`);
    for (const line of lines) b.send(`${line}\n`);
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, ...lines), leftNotice(1));
  });

  for (const seed of [1, 2, 3, 4]) {
    it(`keeps the one order of the room while transforms delay at random (seed ${seed})`, async () => {
      const next = random(seed);
      const relay = createTestRelay({ transforms: slowTransforms(seed) });
      const log = new Inbox();
      relay.createReadStream().on('data', (chunk: Buffer) => log.push(chunk));
      const members: Member[] = [];
      const gone = new Set<Member>();
      for (let step = 0; step < 200; step++) {
        const present = members.filter((member) => !gone.has(member));
        const member = present[Math.floor(next() * present.length)];
        const action = next();
        if (member === undefined || action < 0.1) members.push(new Member(relay));
        else if (action < 0.15) {
          member.end();
          gone.add(member);
        } else member.send(`${step}\n${step} again\n`);
        if (next() < 0.2) await delay(1);
      }
      for (const member of members) member.end();
      for (const { handle, ended } of members)
        await Promise.all([ended, log.until(leftNotice(await handle.id))]);
      for (const { id, received } of members) {
        const begin = log.text.indexOf(arrivedNotice(id)) + arrivedNotice(id).length;
        const end = log.text.indexOf(leftNotice(id));
        const own = new RegExp(`^client ${id}: .*\n`, 'gm');
        expect(received, `client ${id}`).to.equal(log.text.slice(begin, end).replace(own, ''));
      }
    });
  }

  it('delays only its own client when a transform never acknowledges a message', async () => {
    const stall: MessageTransform = {
      createStream: ({ id }) =>
        objectTransform((message: Message, _encoding, done) => {
          if (id !== 1 || message.kind === 'arrived') done(null, message);
        }),
    };
    const relay = createTestRelay({ transforms: [stall] });
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    for (let i = 0; i < 400; i++) b.send('never relayed\n'.repeat(100));
    c.send('still here\n');
    await a.until(relayed(2, 'still here'));
    a.send('me too\n');
    await a.receives(arrivedNotice(1), arrivedNotice(2), relayed(2, 'still here'));
    await b.receives(arrivedNotice(2), relayed(2, 'still here'), relayed(0, 'me too'));
    // Backpressure reaches the connection of the sender.
    expect(b.near.writableLength + b.far.readableLength).to.be.above(0);
    b.end();
    c.end();
    await a.until(leftNotice(2));
    expect(a.received).to.not.include('client 1: ');
  });

  it('does not delay other arrivals when a transform never acknowledges one', async () => {
    const stall: MessageTransform = ({ kind, client }) =>
      client === 0 ? new Promise<never>(() => {}) : ({ kind, client, text: 'hello' } as Message);
    const relay = createTestRelay({ transforms: [stall] });
    new Member(relay);
    const [b, c] = [await join(relay), await join(relay)];
    c.send('hello\n');
    await b.receives(arrivedNotice(2), relayed(2, 'hello'));
  });
});

describe('Chain with generators', () => {
  it('lets a generator return once it has received the departure of its client', async () => {
    const stopper: MessageTransform = async function* (messages) {
      for await (const message of messages) {
        yield message;
        if (message.kind === 'left') return;
      }
    };
    for (const transforms of [[stopper], [stopper, stopper], [...slowTransforms(5), stopper, through]]) {
      const relay = createTestRelay({ transforms });
      const events = recordEvents(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send('hello\n');
      b.end();
      await a.receives(arrivedNotice(1), relayed(1, 'hello'), leftNotice(1));
      await b.ended;
      expect(events.text).to.not.include('warning');
    }
  });

  it('ends the generators around a transform that fails, so that they release what they hold', async () => {
    const closed: string[] = [];
    const careful = (name: string): MessageTransform =>
      async function* (messages, { id }) {
        try {
          yield* messages;
        } finally {
          closed.push(`${name} of ${id}`);
        }
      };
    const relay = createTestRelay({ transforms: [careful('first'), failAtLines(), careful('last')] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('bad\n');
    await a.receives(arrivedNotice(1), leftNotice(1));
    await eventually('the end of both generators', () => closed.length >= 2);
    expect(closed.sort()).to.deep.equal(['first of 1', 'last of 1']);
  });

  it('stops a generator that yields without end when another transform fails', async () => {
    let isStopped = false;
    const endless: MessageTransform = async function* (_messages, { id }) {
      try {
        for (let i = 0; ; i++) yield { kind: 'line', client: id, text: `${i}` };
      } finally {
        isStopped = true;
      }
    };
    const relay = createTestRelay({ transforms: [endless, failAtLines('100')] });
    const member = new Member(relay);
    await member.ended;
    await eventually('the end of the generator', () => isStopped);
  });

  it('passes each message once to a generator that requests several at a time', async () => {
    const greedy: MessageTransform = async function* (messages) {
      const iterator = messages[Symbol.asyncIterator]();
      for (;;) {
        const three = [iterator.next(), iterator.next(), iterator.next()];
        for (const result of three) {
          const { done, value } = await result;
          if (done) return;
          yield value;
        }
      }
    };
    const relay = createTestRelay({ transforms: [greedy] });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = Array.from({ length: 50 }, (_, i) => `${i}`);
    b.send(`${lines.join('\n')}\n`);
    b.end();
    await a.receives(arrivedNotice(1), relayed(1, ...lines), leftNotice(1));
  });
});
