import type { Case } from '../case.js';
import { arrived, type Client, said } from '../client.js';
import { Failure } from '../failure.js';

/** What came before what should have been heard was forgiven; here it counts. */
function judgeOwn(client: Client, expected: string): void {
  if (!client.toldOfItself) return;
  throw new Failure({
    what: `${client.name} was told of its own arrival`,
    expected: Buffer.from(expected),
    came: Buffer.from(arrived(client.id)),
  });
}

export const ARRIVALS: readonly Case[] = [
  {
    name: 'listens',
    rank: 'subject',
    title: 'it listens on the port that it is given, and takes a client',
    paragraph: 'port',
    hint: 'socket, bind to 127.0.0.1 with htons(atoi(argv[1])), listen, and accept as soon as select says so.',
    async run(room) {
      await room.accepts(await room.join());
    },
  },
  {
    name: 'arrivals',
    rank: 'subject',
    title: 'all who are there are told of each who comes',
    paragraph: 'arrived',
    hint: 'Send the notice to every client, not only to the one before; and at once, when accept returns.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.say(a, 'hello');
      await room.say(b, 'hello');
      await room.say(c, 'hello');
    },
  },
  {
    name: 'own-arrival',
    rank: 'subject',
    title: 'who comes is not told of their own arrival',
    paragraph: 'arrived',
    hint: 'The notice is for those who were connected: send it before you add the new client, or leave that one out.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      await room.say(a, 'hello');
      judgeOwn(b, said(a.id, 'hello'));
      await room.say(b, 'hello');
      a.note('hears nothing of its own arrival');
      judgeOwn(a, arrived(b.id));
    },
  },
  {
    name: 'first-ids',
    rank: 'subject',
    title: 'the first client is 0, the next 1, and then 2',
    paragraph: 'ids',
    hint: 'One counter, that begins at 0 and is raised by accept and by nothing else.',
    async run(room) {
      const a = await room.join(0);
      const b = await room.join(1);
      const c = await room.join(2);
      await room.say(a, 'I am 0');
      await room.say(b, 'I am 1');
      await room.say(c, 'I am 2');
    },
  },
  {
    name: 'nothing-from-before',
    rank: 'subject',
    title: 'who comes hears nothing from before',
    paragraph: 'arrived',
    hint: 'A buffer is sent to somebody that still holds what was said to others.',
    async run(room) {
      const [a, , c] = await room.trio();
      await room.say(a, 'before');
      await room.leave(c);
      await room.join();
      await room.say(a, 'after');
    },
  },
  {
    name: 'ids-grow',
    rank: 'exam',
    title: 'no number is given twice, not even when everybody has left',
    paragraph: 'ids',
    hint: 'The number is no index, no descriptor and no count of clients: last client id + 1, whoever has left.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      // With which number it begins is another case's matter.
      const first = b.id - 1;
      await room.leave(await room.join(first + 2));
      const d = await room.join(first + 3);
      await room.leave(b);
      await room.leave(d);
      const e = await room.join(first + 4);
      await room.leave(a);
      room.forget(e);
      e.end();
      await e.over();
      const f = await room.join(first + 5);
      const g = await room.join(first + 6);
      await room.say(f, 'I am 5');
      await room.say(g, 'I am 6');
    },
  },
  {
    name: 'eight-in-turn',
    rank: 'exam',
    title: 'eight clients come and speak in turn, and each is heard by the seven others',
    paragraph: 'speak',
    hint: 'Is the greatest descriptor that select is told of raised with each client?',
    async run(room) {
      for (let i = 0; i < 8; i++) await room.join();
      for (const [i, client] of [...room.present].entries()) await room.say(client, `the turn of ${i}`);
      for (const client of [...room.present].slice(0, 4)) await room.leave(client);
      for (const client of room.present) await room.say(client, 'still here');
    },
  },
];
