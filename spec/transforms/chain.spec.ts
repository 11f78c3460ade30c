import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { objectTransform } from 'through2';
import type { Message, TransformFactory } from '../../lib/index.js';
import { Inbox } from '../support/inbox.js';
import { random } from '../support/random.js';
import { diary, join, Member, room } from '../support/room.js';
import { arrived, left, said } from '../support/wire.js';

/** Transforms that take a little while over each message, each in its own way. */
function dawdlers(seed: number): TransformFactory[] {
  const next = random(seed);
  const wait = async (): Promise<void> => {
    if (next() < 0.3) await delay(Math.floor(next() * 3));
    else if (next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
  };
  return [
    () =>
      objectTransform(async (message: Message) => {
        await wait();
        return message;
      }),
    async function* (messages) {
      for await (const message of messages) {
        await wait();
        yield message;
        await wait();
      }
    },
    () =>
      new Transform({
        objectMode: true,
        transform(message: Message, _encoding, done) {
          wait().then(() => done(null, message), done);
        },
      }),
  ];
}

describe('chain', () => {
  it('keeps the order of a client, however slow its transforms are', async () => {
    const relay = room({ transforms: dawdlers(1) });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = Array.from({ length: 300 }, (_, i) => `${i}`);
    for (const line of lines) b.send(`${line}\n`);
    b.end();
    await a.hears(arrived(1), said(1, ...lines), left(1));
  });

  // Promise 1 of DESIGN.md.
  it('keeps the promise of one order while transforms delay at random', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const next = random(seed);
      const relay = room({ transforms: dawdlers(seed) });
      const log = new Inbox();
      relay.createReadStream().on('data', (chunk: Buffer) => log.push(chunk));
      const members: Member[] = [];
      const away = new Set<Member>();
      for (let step = 0; step < 200; step++) {
        const present = members.filter((member) => !away.has(member));
        const member = present[Math.floor(next() * present.length)];
        const action = next();
        if (member === undefined || action < 0.1) {
          const newcomer = new Member(relay);
          await newcomer.handle.id;
          members.push(newcomer);
        } else if (action < 0.15) {
          member.end();
          away.add(member);
        } else member.send(`${step}\n${step} again\n`);
        if (next() < 0.2) await delay(1);
      }
      for (const member of members) member.end();
      await Promise.all(members.map(({ ended, id }) => Promise.all([ended, log.until(left(id))])));
      const transcript = log.text;
      for (const { id, received } of members) {
        const begin = transcript.indexOf(arrived(id)) + arrived(id).length;
        const end = transcript.indexOf(left(id));
        const own = new RegExp(`^client ${id}: .*\n`, 'gm');
        expect(received, `seed ${seed}, client ${id}`).to.equal(
          transcript.slice(begin, end).replace(own, ''),
        );
      }
    }
  });

  it('that stands still makes only its own client wait', async () => {
    const stuck = new Set([1]);
    const relay = room({
      transforms: [
        () =>
          objectTransform((message: Message, _encoding, done) => {
            if (!stuck.has(message.client) || message.kind === 'arrived') done(null, message);
          }),
      ],
    });
    const [a, b, c] = [await join(relay), await join(relay), await join(relay)];
    for (let i = 0; i < 400; i++) b.send('never said\n'.repeat(100));
    c.send('still here\n');
    await a.until(said(2, 'still here'));
    a.send('me too\n');
    await a.hears(arrived(1), arrived(2), said(2, 'still here'));
    await b.hears(arrived(2), said(2, 'still here'), said(0, 'me too'));
    // What it sends backs up to its connection, and no further.
    expect(b.near.writableLength + b.far.readableLength).to.be.above(0);
    b.end();
    c.end();
    await a.until(left(2));
    expect(a.received).to.not.include('client 1: ');
  });

  it('that never answers the arrival does not keep others from coming', async () => {
    const relay = room({
      transforms: [
        ({ id }) => objectTransform((message, _encoding, done) => void (id === 0 || done(null, message))),
      ],
    });
    new Member(relay);
    const [b, c] = [await join(relay), await join(relay)];
    c.send('hello\n');
    await b.hears(arrived(2), said(2, 'hello'));
  });

  it('may end by itself once it has seen its client leave', async () => {
    const stopper: TransformFactory = async function* (messages) {
      for await (const message of messages) {
        yield message;
        if (message.kind === 'left') return;
      }
    };
    for (const transforms of [
      [stopper],
      [stopper, stopper],
      [...dawdlers(5), stopper, () => objectTransform()],
    ]) {
      const relay = room({ transforms });
      const events = diary(relay);
      const [a, b] = [await join(relay), await join(relay)];
      b.send('hello\n');
      b.end();
      await a.hears(arrived(1), said(1, 'hello'), left(1));
      await b.ended;
      expect(events.text).to.not.include('warning');
    }
  });

  it('leads a generator to its end when another transform fails', async () => {
    const closed: string[] = [];
    const careful = (name: string): TransformFactory =>
      async function* (messages, { id }) {
        try {
          yield* messages;
        } finally {
          closed.push(`${name} of ${id}`);
        }
      };
    const failing: TransformFactory = () =>
      objectTransform((message: Message, _encoding, done) =>
        done(message.kind === 'line' ? new Error('oops') : null, message),
      );
    const relay = room({ transforms: [careful('first'), failing, careful('last')] });
    const [a, b] = [await join(relay), await join(relay)];
    b.send('bad\n');
    await a.hears(arrived(1), left(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed.sort()).to.deep.equal(['first of 1', 'last of 1']);
  });

  it('stops a generator that never ends when another transform fails', async () => {
    let stopped = false;
    const endless: TransformFactory = async function* (_messages, { id }) {
      try {
        for (let i = 0; ; i++) yield { kind: 'line', client: id, text: `${i}` };
      } finally {
        stopped = true;
      }
    };
    const failing: TransformFactory = () =>
      objectTransform((message: Message & { text: string }, _encoding, done) =>
        done(message.text === '100' ? new Error('oops') : null, message),
      );
    const relay = room({ transforms: [endless, failing] });
    const member = new Member(relay);
    await member.ended;
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).to.equal(true);
  });

  it('hears of each message once from a generator that asks for several at a time', async () => {
    const greedy: TransformFactory = async function* (messages) {
      const iterator = messages[Symbol.asyncIterator]();
      for (;;) {
        const three = [iterator.next(), iterator.next(), iterator.next()];
        for (const answer of three) {
          const { done, value } = await answer;
          if (done) return;
          yield value;
        }
      }
    };
    const relay = room({ transforms: [greedy] });
    const [a, b] = [await join(relay), await join(relay)];
    const lines = Array.from({ length: 50 }, (_, i) => `${i}`);
    b.send(`${lines.join('\n')}\n`);
    b.end();
    await a.hears(arrived(1), said(1, ...lines), left(1));
  });
});
