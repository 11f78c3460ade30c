import type { Case } from '../case.js';
import type { Client } from '../client.js';
import { Failure } from '../failure.js';
import { arrivedNotice, relayedLine } from '../messages.js';

/** Fails if the client has received the notice of its own arrival, which all other cases tolerate. */
function rejectOwnArrival(client: Client, expected: string): void {
  if (!client.hasReceivedOwnArrival) return;
  throw new Failure({
    what: `${client.name} received the notice of its own arrival`,
    expected: Buffer.from(expected),
    received: Buffer.from(arrivedNotice(client.id)),
  });
}

export const ARRIVALS: readonly Case[] = [
  {
    name: 'listens',
    rank: 'subject',
    title: 'it listens on the given port and accepts a client',
    paragraph: 'port',
    hint: 'Call socket, bind to 127.0.0.1 with htons(atoi(argv[1])), listen, and then accept when select reports the socket.',
    async run(room) {
      await room.expectAccepted(await room.join());
    },
  },
  {
    name: 'arrivals',
    rank: 'subject',
    title: 'all connected clients are notified of each new client',
    paragraph: 'arrived',
    hint: 'Send the notice to every client, not only to the previous one, and send it as soon as accept returns.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.sendLine(a, 'hello');
      await room.sendLine(b, 'hello');
      await room.sendLine(c, 'hello');
    },
  },
  {
    name: 'own-arrival',
    rank: 'subject',
    title: 'a new client is not notified of its own arrival',
    paragraph: 'arrived',
    hint: 'The notice is for the clients that were connected before. Send it before you add the new client, or skip that client.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      await room.sendLine(a, 'hello');
      rejectOwnArrival(b, relayedLine(a.id, 'hello'));
      await room.sendLine(b, 'hello');
      a.record('receives nothing about its own arrival');
      rejectOwnArrival(a, arrivedNotice(b.id));
    },
  },
  {
    name: 'first-ids',
    rank: 'subject',
    title: 'the first client gets id 0, the next ones 1 and 2',
    paragraph: 'ids',
    hint: 'Use one counter that starts at 0 and is incremented only after accept.',
    async run(room) {
      const a = await room.join(0);
      const b = await room.join(1);
      const c = await room.join(2);
      await room.sendLine(a, 'I am 0');
      await room.sendLine(b, 'I am 1');
      await room.sendLine(c, 'I am 2');
    },
  },
  {
    name: 'nothing-from-before',
    rank: 'subject',
    title: 'a new client receives nothing that was sent before it arrived',
    paragraph: 'arrived',
    hint: 'A buffer with text for other clients is sent to the new client. Empty the buffer, or use one per client.',
    async run(room) {
      const [a, , c] = await room.joinThree();
      await room.sendLine(a, 'before');
      await room.leave(c);
      await room.join();
      await room.sendLine(a, 'after');
    },
  },
  {
    name: 'ids-grow',
    rank: 'exam',
    title: 'no id is used twice, even after all clients have left',
    paragraph: 'ids',
    hint: 'The id is not an index, a descriptor or the number of clients. It is the last id + 1, even if that client has left.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      // The case first-ids checks which id is the first.
      const first = b.id - 1;
      await room.leave(await room.join(first + 2));
      const d = await room.join(first + 3);
      await room.leave(b);
      await room.leave(d);
      const e = await room.join(first + 4);
      await room.leave(a);
      room.removeReceiver(e);
      e.end();
      await e.waitForEnd();
      const f = await room.join(first + 5);
      const g = await room.join(first + 6);
      await room.sendLine(f, 'I am 5');
      await room.sendLine(g, 'I am 6');
    },
  },
  {
    name: 'eight-in-turn',
    rank: 'exam',
    title: 'eight clients arrive and send in turn, and each time the seven others receive the line',
    paragraph: 'speak',
    hint: 'The first argument of select is the highest descriptor + 1. Update it for each new client.',
    async run(room) {
      for (let i = 0; i < 8; i++) await room.join();
      for (const [i, client] of [...room.receivers].entries()) {
        await room.sendLine(client, `the turn of ${i}`);
      }
      for (const client of [...room.receivers].slice(0, 4)) await room.leave(client);
      for (const client of room.receivers) await room.sendLine(client, 'still here');
    },
  },
];
