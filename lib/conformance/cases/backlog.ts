import type { Case } from '../case.js';
import { left, said } from '../client.js';
import { Failure } from '../failure.js';
import { peakMemory } from '../kernel.js';
import { numbered, packet, told } from './bulk.js';

/** What 100 MB that four do not read may cost, in bytes: less than to keep it for each of them. */
const MOST = 300_000_000;
const LARGE = 10_000_000;

export const BACKLOG: readonly Case[] = [
  {
    name: 'huge-line',
    rank: 'beyond',
    title: 'a line of 10 MB arrives whole, and small lines of others flow meanwhile',
    paragraph: 'resend',
    hint: 'Whoever searches an unfinished line from its beginning for each packet, or copies it, takes minutes for it.',
    async run(room) {
      const [a, b, c] = await room.trio();
      const line = Buffer.alloc(LARGE, 'abcdefghijklmnopqrstuvwxyz012345');
      a.send(line);
      await room.quietly('B says 20 lines while it is on its way, and A and C hear them', async () => {
        for (let i = 0; i < 20; i++) await room.say(b, `tick ${i}`);
      });
      a.send('\n');
      for (const other of [b, c]) await other.hears(said(a.id, '').slice(0, -1), line, '\n');
      await room.say(b, 'that was long');
    },
  },
  {
    name: 'unfinished-large',
    rank: 'beyond',
    title: '8 MB without a newline are forgotten when their client leaves',
    paragraph: 'left',
    hint: 'Free what a client has said without ending it.',
    async run(room) {
      const [a, b] = await room.trio();
      room.forget(b);
      b.end(Buffer.alloc(8_000_000, 'x'));
      await room.others(b, left(b.id));
      const d = await room.join();
      await room.say(d, 'mine');
      await room.say(a, 'yours');
    },
  },
  {
    name: 'half-closed',
    rank: 'beyond',
    title: 'who ends its side has left at once, and still gets all that was said until then',
    paragraph: 'left',
    hint: 'A FIN ends one direction only: what is owed can still be sent, and the connection be closed after that.',
    async run(room) {
      const [a, b, c] = await room.trio();
      room.forget(b);
      b.sleep();
      const owed = numbered(20);
      await room.quietly('A sends 20 MB, and C hears it', async () => {
        a.send(packet(owed));
        await told('C does not hear all', () => c.hears(...owed.map((line) => said(a.id, line))));
      });
      b.end();
      await c.hears(left(b.id));
      await room.say(a, 'after');
      b.wake();
      await room.quietly('B hears the 20 MB, and nothing of what was said after it had left', async () => {
        await told('B does not hear all that it is owed', () =>
          b.hears(...owed.map((line) => said(a.id, line))),
        );
        await b.hearsEnd();
      });
    },
  },
  {
    name: 'killed-unread',
    rank: 'beyond',
    title: 'a client that is killed with much to it unread has left, once',
    paragraph: 'left',
    hint: 'A send to it fails then: that is a leave too, and must be told once.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const { client, process } = await room.joinOutsider();
      room.forget(client);
      client.note('stands still (SIGSTOP)');
      process.kill('SIGSTOP');
      const lines = numbered(8);
      await room.quietly('A sends 8 MB, and B hears it', async () => {
        a.send(packet(lines));
        await told('B does not hear all', () => b.hears(...lines.map((line) => said(a.id, line))));
      });
      client.note('is killed (SIGKILL)');
      process.kill('SIGKILL');
      await room.others(client, left(client.id));
      await room.say(a, 'done');
      await room.say(b, 'done');
    },
  },
  {
    name: 'stopped-client',
    rank: 'beyond',
    title: 'a client whose process stands still (SIGSTOP) while 20 MB are said hears all of it later',
    paragraph: 'lazy',
    hint: 'Keep what cannot be sent, in memory or on disk, for as long as it takes.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const { client, process } = await room.joinOutsider();
      room.forget(client);
      client.note('stands still (SIGSTOP)');
      process.kill('SIGSTOP');
      const lines = numbered(20);
      const heard = lines.map((line) => said(a.id, line));
      await room.quietly('A sends 20 MB, and B hears it', async () => {
        a.send(packet(lines));
        await told('B does not hear all', () => b.hears(...heard));
      });
      await room.say(b, 'still here?');
      client.note('goes on (SIGCONT)');
      process.kill('SIGCONT');
      await room.quietly(`${client.name} hears all of it`, () =>
        told('it does not hear all', () => client.hears(...heard)),
      );
      await client.hears(said(b.id, 'still here?'));
      room.present.push(client);
      await room.say(client, 'I am');
    },
  },
  {
    name: 'both-write',
    rank: 'beyond',
    title: 'two who both write 8 MB before they read lose nothing, and do not lock each other',
    paragraph: 'lazy',
    hint: 'To wait with reading until all can be written locks up those who write before they read.',
    async run(room) {
      const [a, b, c] = await room.trio();
      a.sleep();
      b.sleep();
      const lines = numbered(8);
      await room.quietly('A and B send 8 MB each, and C hears both', async () => {
        a.send(packet(lines));
        b.send(packet(lines));
        const length = lines.reduce(
          (sum, line) => sum + said(a.id, line).length + said(b.id, line).length,
          0,
        );
        if (!(await c.has(length))) throw new Failure({ what: 'C does not hear all of it', late: true });
      });
      a.wake();
      b.wake();
      await room.quietly('A and B hear each other', () =>
        told('what was said before they read does not come', async () => {
          await a.hears(...lines.map((line) => said(b.id, line)));
          await b.hears(...lines.map((line) => said(a.id, line)));
        }),
      );
    },
  },
  {
    name: 'broken-off-unread',
    rank: 'beyond',
    title: 'who breaks off with much unread, or after having ended its side, has left once',
    paragraph: 'left',
    hint: 'The notice is sent when the client is taken out, and only then: there are several ways to notice the end.',
    async run(room) {
      const [a, b, c] = await room.trio();
      const d = await room.join();
      for (const lazy of [b, d]) {
        room.forget(lazy);
        lazy.sleep();
      }
      const lines = numbered(8);
      await room.quietly('A sends 8 MB, and C hears it', async () => {
        a.send(packet(lines));
        await told('C does not hear all', () => c.hears(...lines.map((line) => said(a.id, line))));
      });
      b.reset();
      await room.others(b, left(b.id));
      d.end();
      await room.others(d, left(d.id));
      d.note('breaks its connection off, with much unread');
      d.destroy();
      await room.say(a, 'done');
      await room.say(c, 'done');
    },
  },
  {
    name: 'lazy-100-mb',
    rank: 'beyond',
    title: 'who has not read while 100 MB were said hears all of it later',
    paragraph: 'lazy',
    hint: 'Keep it for as long as it takes; the disk is large.',
    async run(room) {
      const [a, b, c] = await room.trio();
      room.forget(c);
      c.sleep();
      const lines = numbered(1);
      const block = Buffer.from(packet(lines));
      const heard = Buffer.from(lines.map((line) => said(a.id, line)).join(''));
      await room.quietly('A sends 100 MB, and B hears it', () =>
        told('B does not hear all', async () => {
          for (let i = 0; i < 100; i++) {
            a.send(block);
            await b.hears(heard);
          }
        }),
      );
      c.wake();
      await room.quietly('C hears all of it', () =>
        told('a part of what was said while C did not read never comes, or not as it was said', async () => {
          for (let i = 0; i < 100; i++) await c.hears(heard);
        }),
      );
      room.present.push(c);
      await room.say(c, 'good morning');
    },
  },
  {
    name: 'bounded-memory',
    rank: 'beyond',
    title: '100 MB that four clients do not read are not kept in memory once for each of them',
    paragraph: 'leaks',
    hint: 'Keep what is said once for all who are behind, and on disk rather than in memory.',
    async run(room) {
      const [a, b] = await room.trio();
      const { pid } = room;
      await room.join();
      await room.join();
      await room.join();
      for (const lazy of room.present.slice(2)) {
        room.forget(lazy);
        lazy.sleep();
      }
      const before = peakMemory(pid);
      const lines = numbered(1);
      const block = Buffer.from(packet(lines));
      const heard = Buffer.from(lines.map((line) => said(a.id, line)).join(''));
      await room.quietly('A sends 100 MB, and B hears it', () =>
        told('B does not hear all', async () => {
          for (let i = 0; i < 100; i++) {
            a.send(block);
            await b.hears(heard);
          }
        }),
      );
      if (peakMemory(pid) - before > MOST) {
        throw new Failure({ what: `its memory has grown by more than ${MOST / 1e6} MB` });
      }
    },
  },
];
