import type { Case } from '../case.js';
import { arrived, type Client, left, said } from '../client.js';
import { Failure } from '../failure.js';

const CROWD = 1200;

export const CROWDS: readonly Case[] = [
  {
    name: 'arrive-together',
    rank: 'beyond',
    title: '300 who come at once get the numbers in the order in which they are announced',
    paragraph: 'ids',
    hint: 'The number is given where accept returns, and nowhere else.',
    async run(room) {
      const witness = await room.join();
      await room.quietly('300 clients connect at once', async () => {
        await Promise.all(Array.from({ length: 300 }, () => room.connect()));
      });
      await room.quietly('A hears of each of them, in order', async () => {
        for (let id = 1; id <= 300; id++) await witness.hears(arrived(id));
      });
    },
  },
  {
    name: 'crowd',
    rank: 'beyond',
    title: '1,200 clients are there at the same time, and each hears what it should',
    paragraph: 'purpose',
    hint: 'select knows 1,024 descriptors (FD_SETSIZE), and a larger one written into its set breaks other memory.',
    async run(room) {
      const witness = await room.join();
      const crowd: Client[] = [];
      await room.quietly(`${CROWD} clients connect, a hundred at a time, and A hears of each`, async () => {
        for (let id = 1; id <= CROWD; id++) {
          if (crowd.length < id) {
            const guests = await Promise.all(Array.from({ length: 100 }, () => room.connect()));
            for (const guest of guests) guest.sleep();
            crowd.push(...guests);
          }
          await witness.hears(arrived(id));
        }
      });
      witness.send('how full it is\n');
      await room.quietly('each of them hears of those who came after it, and what A says', async () => {
        const end = Buffer.from(said(witness.id, 'how full it is'));
        for (const guest of crowd) {
          guest.wake();
          guest.id = await ownId(guest, end);
          const later = Array.from({ length: Math.max(0, CROWD - guest.id - 1) }, (_, i) =>
            arrived(guest.id + 2 + i),
          );
          if (guest.id < CROWD) await guest.hears(...later, end);
        }
        const ids = new Set(crowd.map(({ id }) => id));
        if (ids.size < CROWD) throw new Failure({ what: 'not all have heard of all who came after them' });
      });
      const last = crowd.at(-1) as Client;
      last.send('indeed\n');
      await witness.hears(said(last.id, 'indeed'));
    },
  },
  {
    name: 'one-order',
    rank: 'beyond',
    title: 'a hundred talk at once, and all hear one order',
    paragraph: 'resend',
    hint: 'Send each line to all before you take the next one.',
    async run(room) {
      const witness = await room.join();
      const crowd: Client[] = [];
      await room.quietly('100 clients connect', async () => {
        for (let id = 1; id <= 100; id++) crowd.push(await room.join());
      });
      await room.quietly(
        'each says 20 lines, all at once; all hear all others in the order in which A does',
        async () => {
          for (let i = 0; i < 20; i++) for (const client of crowd) client.send(`line ${i}\n`);
          const order: string[] = [];
          const counts = new Map(crowd.map(({ id }) => [id, 0]));
          for (let i = 0; i < 20 * crowd.length; i++) {
            const line = (await witness.line(Buffer.from('client …: line …\n'))).toString('latin1');
            const id = Number(/^client (\d+): /.exec(line)?.[1] ?? -1);
            const count = counts.get(id) ?? -1;
            if (line !== said(id, `line ${count}`))
              throw witness.unexpected(Buffer.from(said(id, `line ${count}`)), Buffer.from(line));
            counts.set(id, count + 1);
            order.push(line);
          }
          for (const client of crowd) {
            const own = said(client.id, '').slice(0, -1);
            await client.hears(order.filter((line) => !line.startsWith(own)).join(''));
          }
        },
      );
    },
  },
  {
    name: 'leave-together',
    rank: 'beyond',
    title: 'when 60 leave at once, half of them by RST, each is announced once',
    paragraph: 'left',
    hint: 'Who leaves while another leaving is told must not be lost, nor be told twice.',
    async run(room) {
      const witness = await room.join();
      const crowd: Client[] = [];
      await room.quietly('60 clients connect', async () => {
        for (let i = 0; i < 60; i++) crowd.push(await room.join());
      });
      await room.quietly('they leave at once, and A hears of each', async () => {
        const notices = new Set(crowd.map(({ id }) => left(id)));
        for (const [i, guest] of crowd.entries()) {
          room.forget(guest);
          if (i % 2) guest.reset();
          else guest.end();
        }
        while (notices.size > 0) {
          const [next = ''] = notices;
          const line = await witness.line(Buffer.from(next));
          if (!notices.delete(line.toString('latin1'))) throw witness.unexpected(Buffer.from(next), line);
        }
      });
      const b = await room.join();
      await room.say(b, 'where are they all?');
    },
  },
  {
    name: 'descriptor-limit',
    rank: 'beyond',
    title: 'at the limit of descriptors it goes on, and takes new clients when some have left',
    paragraph: 'leaks',
    hint: 'accept fails then (EMFILE): no reason to end, and none to try again without a pause.',
    async run(room) {
      await room.open({ command: ['sh', '-c', 'ulimit -n 256 && exec "$@"', 'sh', ...room.command] });
      const a = await room.join();
      const b = await room.join();
      const crowd: Client[] = [];
      await room.quietly('400 clients connect to a server that may have 256 descriptors', async () => {
        crowd.push(...(await Promise.all(Array.from({ length: 400 }, () => room.connect()))));
      });
      // Between these there are notices, of which it cannot be said how many.
      a.send('how full it is\n');
      await b.skipsTo(said(a.id, 'how full it is'));
      b.send('indeed\n');
      await a.skipsTo(said(b.id, 'indeed'));
      await room.quietly('they all leave', async () => {
        for (const guest of crowd) guest.reset();
      });
      const newcomer = await room.connect();
      newcomer.send('at last\n');
      newcomer.note('is heard by A');
      for (;;) {
        const line = (await a.line(Buffer.from('client …: at last\n'))).toString('latin1');
        if (/^client \d+: at last\n$/.test(line)) break;
        if (line === left(b.id)) throw new Failure({ what: 'B was disconnected' });
      }
    },
  },
];

/** Who hears first of 7 is 6; who hears of nobody was the last. A line may be its own arrival, which is another case's. */
async function ownId(guest: Client, end: Buffer): Promise<number> {
  const line = await guest.line(end);
  if (line.equals(end)) return CROWD;
  const id = Number(/^server: client (\d+) just arrived\n$/.exec(line.toString('latin1'))?.[1] ?? 0);
  if (id < 1) throw guest.unexpected(end, line);
  return id - 1;
}
