import type { Case } from '../case.js';
import type { Client } from '../client.js';
import { Failure } from '../failure.js';
import { arrivedNotice, leftNotice, linePrefix, relayedLine } from '../messages.js';
import type { Room } from '../room.js';

const CROWD = 1200;
/** Clients of a crowd that connect at the same time. */
const CROWD_BATCH = 100;
/** More clients than a server with 256 descriptors can accept. The rest has to fit in the queue of the kernel. */
const MORE_THAN_256 = 258;

export const CROWDS: readonly Case[] = [
  {
    name: 'arrive-together',
    rank: 'beyond',
    title: '300 clients that arrive at once are announced in the order of their ids',
    paragraph: 'ids',
    hint: 'Assign the id directly after accept, and nowhere else.',
    async run(room) {
      const witness = await room.join();
      await room.timeline.asOneStep('300 clients connect at once', async () => {
        await Promise.all(Array.from({ length: 300 }, () => room.connect()));
      });
      await room.timeline.asOneStep('A is notified of each of them, in order', async () => {
        for (let id = 1; id <= 300; id++) await witness.expect(arrivedNotice(id));
      });
    },
  },
  {
    name: 'crowd',
    rank: 'beyond',
    title: '1,200 clients are connected at the same time, and each receives what it should',
    paragraph: 'purpose',
    hint: 'select supports 1,024 descriptors (FD_SETSIZE). FD_SET with a higher one overwrites other memory.',
    alone: true,
    async run(room) {
      const witness = await room.join();
      const crowd: Client[] = [];
      await room.timeline.asOneStep(
        `${CROWD} clients connect, a hundred at a time, and A is notified of each`,
        async () => {
          for (let id = 1; id <= CROWD; id++) {
            if (crowd.length < id) crowd.push(...(await connectPaused(room)));
            await witness.expect(arrivedNotice(id));
          }
        },
      );
      witness.send('how full it is\n');
      await room.timeline.asOneStep(
        'each is notified of those that came later, and receives the line of A',
        () => expectLaterArrivals(crowd, Buffer.from(relayedLine(witness.id, 'how full it is'))),
      );
      const last = crowd.at(-1) as Client;
      last.send('indeed\n');
      await witness.expect(relayedLine(last.id, 'indeed'));
    },
  },
  {
    name: 'one-order',
    rank: 'beyond',
    title: 'while a hundred clients send at once, all receive the lines in the same order',
    paragraph: 'resend',
    hint: 'Send each line to all clients before you take the next one.',
    async run(room) {
      const witness = await room.join();
      const crowd: Client[] = [];
      await room.timeline.asOneStep('100 clients connect', async () => {
        for (let id = 1; id <= 100; id++) crowd.push(await room.join());
      });
      await room.timeline.asOneStep(
        'each sends 20 lines, all at once; all receive the lines of the others in the same order as A',
        async () => {
          for (let i = 0; i < 20; i++) for (const client of crowd) client.send(`line ${i}\n`);
          const order = await readOrder(witness, crowd, 20);
          for (const client of crowd) {
            const prefix = linePrefix(client.id);
            await client.expect(order.filter((line) => !line.startsWith(prefix)).join(''));
          }
        },
      );
    },
  },
  {
    name: 'leave-together',
    rank: 'beyond',
    title: 'when 60 clients leave at once, half of them by RST, each is announced once',
    paragraph: 'left',
    hint: 'A client that leaves while the notice of another is sent must be announced too, and only once.',
    async run(room) {
      const witness = await room.join();
      const crowd: Client[] = [];
      await room.timeline.asOneStep('60 clients connect', async () => {
        for (let i = 0; i < 60; i++) crowd.push(await room.join());
      });
      await room.timeline.asOneStep('they leave at once, and A is notified of each', async () => {
        const notices = new Set(crowd.map(({ id }) => leftNotice(id)));
        for (const [i, client] of crowd.entries()) {
          room.removeReceiver(client);
          if (i % 2) client.reset();
          else client.end();
        }
        while (notices.size > 0) {
          const [next = ''] = notices;
          const line = await witness.readLine(Buffer.from(next));
          if (!notices.delete(line.toString('latin1'))) throw witness.failure(Buffer.from(next), line);
        }
      });
      const b = await room.join();
      await room.sendLine(b, 'where are they all?');
    },
  },
  {
    name: 'descriptor-limit',
    rank: 'beyond',
    title: 'at the limit of descriptors it keeps running, and accepts new clients when some have left',
    paragraph: 'leaks',
    hint: 'accept then fails with EMFILE. Do not exit, and do not call accept again without a pause.',
    async run(room) {
      await room.open({ command: ['sh', '-c', 'ulimit -n 256 && exec "$@"', 'sh', ...room.command] });
      const a = await room.join();
      const b = await room.join();
      const crowd: Client[] = [];
      await room.timeline.asOneStep('258 clients connect to a server with 256 descriptors', async () => {
        crowd.push(...(await Promise.all(Array.from({ length: MORE_THAN_256 }, () => room.connect()))));
      });
      // How many notices come before these lines depends on the server.
      a.send('how full it is\n');
      await b.skipTo(relayedLine(a.id, 'how full it is'));
      b.send('indeed\n');
      await a.skipTo(relayedLine(b.id, 'indeed'));
      await room.timeline.asOneStep('they all leave', async () => {
        for (const client of crowd) client.reset();
      });
      const lateClient = await room.connect();
      lateClient.send('at last\n');
      lateClient.record('sends a line that A receives');
      for (;;) {
        const line = (await a.readLine(Buffer.from('client ...: at last\n'))).toString('latin1');
        if (/^client \d+: at last\n$/.test(line)) break;
        if (line === leftNotice(b.id)) throw new Failure({ what: 'B was disconnected' });
      }
    },
  },
];

/** Connects a part of the crowd. The clients do not read until they are checked. */
async function connectPaused(room: Room): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: CROWD_BATCH }, () => room.connect()));
  for (const client of clients) client.pauseReading();
  return clients;
}

/** Expects each client to be notified of all that arrived later, and then to receive the last line. */
async function expectLaterArrivals(crowd: readonly Client[], lastLine: Buffer): Promise<void> {
  for (const client of crowd) {
    client.resumeReading();
    client.id = await readOwnId(client, lastLine);
    const later = Array.from({ length: Math.max(0, CROWD - client.id - 1) }, (_, i) =>
      arrivedNotice(client.id + 2 + i),
    );
    if (client.id < CROWD) await client.expect(...later, lastLine);
  }
  if (new Set(crowd.map(({ id }) => id)).size < CROWD) {
    throw new Failure({ what: 'not every client was notified of all clients that arrived later' });
  }
}

/**
 * Reads a client's first line and derives its id from it. A client whose first notice is about 7 is 6, and a client
 * without a notice is the last.
 */
async function readOwnId(client: Client, lastLine: Buffer): Promise<number> {
  const line = await client.readLine(lastLine);
  if (line.equals(lastLine)) return CROWD;
  const id = Number(/^server: client (\d+) just arrived\n$/.exec(line.toString('latin1'))?.[1] ?? 0);
  if (id < 1) throw client.failure(lastLine, line);
  return id - 1;
}

/** Reads `line 0`, `line 1`, … of each client, in any order between the clients, and returns that order. */
async function readOrder(witness: Client, crowd: readonly Client[], linesEach: number): Promise<string[]> {
  const order: string[] = [];
  const counts = new Map(crowd.map(({ id }) => [id, 0]));
  for (let i = 0; i < linesEach * crowd.length; i++) {
    const line = (await witness.readLine(Buffer.from('client ...: line ...\n'))).toString('latin1');
    // In place of a line of no client, the report shows one that could have come next.
    const [missing = -1] = crowd.map(({ id }) => id).filter((id) => counts.get(id) !== linesEach);
    const sender = Number(/^client (\d+): /.exec(line)?.[1]);
    const id = counts.has(sender) ? sender : missing;
    const count = counts.get(id) as number;
    const expected = relayedLine(id, `line ${count}`);
    if (line !== expected) throw witness.failure(Buffer.from(expected), Buffer.from(line));
    counts.set(id, count + 1);
    order.push(line);
  }
  return order;
}
