import type { Case } from '../case.js';
import { type Client, left, said } from '../client.js';
import { Failure } from '../failure.js';
import { largestSendBuffer } from '../kernel.js';
import type { Room } from '../room.js';
import { told } from './bulk.js';

/** Of a line of the many: long enough that they are soon said, and short enough for any buffer. In bytes. */
const LENGTH = 10_000;
/** So many lines, each larger than what select calls room, follow them: a send of one takes a part, or waits. */
const LARGE = 5;
/** What is read at a time by who sips. In bytes. */
const SIP = 64 * 1024;

/** 5 MB, or more where the kernel itself would keep as much: less would never come to the server to keep. */
function bulk(large: boolean): string[] {
  const bytes = Math.max(5_000_000, largestSendBuffer() * 1.25);
  // Who can be written has room for a third of the largest buffer, and for no more than that.
  const larger = Math.max(1_000_000, largestSendBuffer() * 0.4);
  const line = (i: number, length: number): string => `${i} `.padEnd(length - 1, 'abcdefghij');
  const small = Array.from({ length: Math.ceil(bytes / LENGTH) }, (_, i) => line(i, LENGTH));
  return large
    ? [...small, ...Array.from({ length: LARGE }, (_, i) => line(small.length + i, larger))]
    : small;
}

async function sleeper(room: Room): Promise<[Client, Client, Client]> {
  const [a, b, c] = await room.trio();
  room.forget(c);
  c.sleep();
  return [a, b, c];
}

/** What is to be said while one sleeps. A server that cannot take a long line at all is spared: `long-line` judges that. */
async function toSay(room: Room): Promise<string[]> {
  const lines = bulk(true);
  try {
    await room.quietly('', async () => {
      const [a] = await room.trio();
      await room.say(a, lines.at(-1) as string);
      await room.say(a, 'that was long');
    });
    return lines;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return bulk(false);
  } finally {
    await room.anew();
  }
}

/** Wakes for a little at a time: what is sent meanwhile never fits as a whole. Something is said after each sip. */
async function sips(c: Client, lines: readonly string[], between: () => Promise<void>): Promise<void> {
  const most = lines.reduce((sum, line) => sum + line.length, 0) / 2;
  while (c.waiting < most) {
    c.wake();
    const more = await c.has(c.waiting + SIP);
    c.sleep();
    await between();
    if (!more) return;
  }
}

const SAYING = 'A sends 5 MB or more, line by line; B hears each line before the next is sent';
const SIPPING = 'C reads a little at a time, and after each time A says something that B hears';

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
      const lines = await toSay(room);
      const [a, b, c] = await sleeper(room);
      // Who is disconnected for not reading is another case's matter.
      b.pardon(left(c.id));
      a.pardon(left(c.id));
      const heldUp = <T>(work: () => Promise<T>) => told('B is held up by C, who does not read', work);
      await room.quietly(SAYING, () =>
        heldUp(async () => {
          for (const line of lines) await room.say(a, line);
        }),
      );
      await room.quietly(SIPPING, () => heldUp(() => sips(c, lines, () => room.say(a, 'still there'))));
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
      const lines = await toSay(room);
      const [a, b, c] = await sleeper(room);
      b.pardon(left(c.id));
      let asleep = true;
      const say = async (line: string): Promise<void> => {
        a.send(`${line}\n`);
        // A server that stands still for C is another case's matter; here it is to be seen what C gets of it all.
        if (asleep && !(await b.has(said(a.id, line).length))) {
          c.wake();
          asleep = false;
        }
        await told('a part of what A says does not come to B, or not as it was said', () =>
          b.hears(said(a.id, line)),
        );
      };
      await room.quietly(SAYING, async () => {
        for (const line of lines) await say(line);
      });
      let sipped = 0;
      await room.quietly(SIPPING, async () => {
        if (asleep)
          await sips(c, lines, () => {
            sipped++;
            return say('still there');
          });
        c.wake();
      });
      await room.quietly('C reads on, and hears all of it', () =>
        told('a part of what was said while C did not read never comes, or not as it was said', async () => {
          for (const line of lines) await c.hears(said(a.id, line));
          for (let i = 0; i < sipped; i++) await c.hears(said(a.id, 'still there'));
        }),
      );
      room.present.push(c);
      await room.say(a, 'end');
      await room.say(c, 'good morning');
    },
  },
];
