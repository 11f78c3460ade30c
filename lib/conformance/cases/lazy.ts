import type { Case } from '../case.js';
import { type Client, said } from '../client.js';
import { largestSendBuffer } from '../kernel.js';
import type { Room } from '../room.js';
import { told } from './bulk.js';

/** Of a line of the many: long enough that they are soon said, and short enough for any buffer. In bytes. */
const LENGTH = 10_000;

/** 5 MB, or more where the kernel itself would keep as much: less would never come to the server to keep. */
function bulk(): string[] {
  const bytes = Math.max(5_000_000, largestSendBuffer() * 1.25);
  return Array.from({ length: Math.ceil(bytes / LENGTH) }, (_, i) =>
    `${i} `.padEnd(LENGTH - 1, 'abcdefghij'),
  );
}

async function sleeper(room: Room): Promise<[Client, Client, Client]> {
  const [a, b, c] = await room.trio();
  room.forget(c);
  c.sleep();
  return [a, b, c];
}

const SAYING = 'A sends 5 MB or more, line by line; B hears each line before the next is sent';

export const LAZY: readonly Case[] = [
  {
    name: 'lazy',
    rank: 'subject',
    title: 'who reads late is not disconnected, and hears all',
    paragraph: 'lazy',
    hint: 'Not to read is no reason to be disconnected: do not close a client to whom nothing can be sent.',
    async run(room) {
      const [a, b, c] = await sleeper(room);
      for (let i = 1; i <= 3; i++) await room.say(a, `while you were sleeping: ${i}`);
      c.wake();
      for (let i = 1; i <= 3; i++) await c.hears(said(a.id, `while you were sleeping: ${i}`));
      room.present.push(c);
      await room.say(c, 'good morning');
      await room.say(b, 'good morning');
    },
  },
  {
    name: 'lazy-holds-nobody-up',
    rank: 'exam',
    title: 'while somebody does not read, all others hear each other',
    paragraph: 'lazy',
    hint:
      'send waits when the kernel keeps no more for a client: ask select whether it can be written, send with MSG_DONTWAIT, ' +
      'and keep the rest for later.',
    async run(room) {
      const [a, b] = await sleeper(room);
      await room.quietly(SAYING, () =>
        told('B is held up by C, who does not read', async () => {
          for (const line of bulk()) await room.say(a, line);
        }),
      );
      await room.say(b, 'still here');
    },
  },
  {
    name: 'lazy-hears-all',
    rank: 'exam',
    title: 'who has not read while 5 MB were said hears all of it later',
    paragraph: 'lazy',
    hint:
      'What cannot be sent at the moment has to be kept for that client, in its order, and sent when select says that it can ' +
      'be; also what is left when send takes a part only.',
    async run(room) {
      const [a, b, c] = await sleeper(room);
      const lines = bulk();
      await room.quietly(SAYING, async () => {
        let asleep = true;
        for (const line of lines) {
          a.send(`${line}\n`);
          // A server that stands still for C is another case's matter; here it is to be seen what C gets of it all.
          if (asleep && !(await b.has(said(a.id, line).length))) {
            c.wake();
            asleep = false;
          }
          await told('a part of what A says does not come to B, or not as it was said', () =>
            b.hears(said(a.id, line)),
          );
        }
        c.wake();
      });
      c.note('reads again, and hears all of it');
      await room.quietly('', () =>
        told('a part of what was said while C did not read never comes, or not as it was said', async () => {
          for (const line of lines) await c.hears(said(a.id, line));
        }),
      );
      room.present.push(c);
      await room.say(a, 'end');
      await room.say(c, 'good morning');
    },
  },
];
