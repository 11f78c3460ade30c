import type { Case } from '../case.js';
import type { Client } from '../client.js';
import { Failure, summarizeFailure } from '../failure.js';
import { joinLines, leftNotice, linePrefix, numberedLines, relayedLine, relayedLines } from '../messages.js';
import { peakMemoryBytes } from '../proc.js';
import type { Room } from '../room.js';

/** Memory that 100 MB for four lazy clients may cost: less than a copy for each of them. */
const MAX_GROWTH_BYTES = 300_000_000;
const HUGE_LINE_BYTES = 10_000_000;

/** A sends lines, and another client has to receive them all. */
function sendAll(room: Room, a: Client, other: Client, lines: readonly string[]): Promise<void> {
  const megabytes = lines.length / 1000;
  return room.timeline.asOneStep(`A sends ${megabytes} MB, and ${other.name} receives them`, async () => {
    a.send(joinLines(lines));
    await summarizeFailure(`${other.name} does not receive everything`, () =>
      other.expect(relayedLines(a.id, lines)),
    );
  });
}

/** A sends a megabyte 100 times, and B has to receive each before the next is sent. Returns one as B receives it. */
async function sendHundredMegabytes(room: Room, a: Client, b: Client): Promise<Buffer> {
  const lines = numberedLines(1);
  const sent = Buffer.from(joinLines(lines));
  const relayed = Buffer.from(relayedLines(a.id, lines));
  await room.timeline.asOneStep('A sends 100 MB, and B receives them', () =>
    summarizeFailure('B does not receive everything', async () => {
      for (let i = 0; i < 100; i++) {
        a.send(sent);
        await b.expect(relayed);
      }
    }),
  );
  return relayed;
}

export const BACKLOG: readonly Case[] = [
  {
    name: 'huge-line',
    rank: 'beyond',
    title: 'a line of 10 MB is relayed completely, and short lines of other clients are not delayed by it',
    paragraph: 'resend',
    hint: 'A server that searches or copies the whole unfinished line for each packet takes minutes for this.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      const line = Buffer.alloc(HUGE_LINE_BYTES, 'abcdefghijklmnopqrstuvwxyz012345');
      a.send(line);
      await room.timeline.asOneStep(
        'B sends 20 lines in the meantime, and A and C receive them',
        async () => {
          for (let i = 0; i < 20; i++) await room.sendLine(b, `tick ${i}`);
        },
      );
      a.send('\n');
      for (const other of [b, c]) await other.expect(linePrefix(a.id), line, '\n');
      await room.sendLine(b, 'that was long');
    },
  },
  {
    name: 'unfinished-large',
    rank: 'beyond',
    title: '8 MB without a newline are dropped when their client leaves',
    paragraph: 'left',
    hint: 'Free the unfinished line of a client that leaves.',
    async run(room) {
      const [a, b] = await room.joinThree();
      room.removeReceiver(b);
      b.end(Buffer.alloc(8_000_000, 'x'));
      await room.expectOthers(b, leftNotice(b.id));
      const d = await room.join();
      await room.sendLine(d, 'mine');
      await room.sendLine(a, 'yours');
    },
  },
  {
    name: 'half-closed',
    rank: 'beyond',
    title: 'a client that ends its side (FIN) has left at once, but receives what was sent before',
    paragraph: 'left',
    hint: 'A FIN ends only one direction. Send what the client has not received yet, and close the connection after that.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      room.removeReceiver(b);
      b.pauseReading();
      const lines = numberedLines(20);
      await sendAll(room, a, c, lines);
      b.end();
      await c.expect(leftNotice(b.id));
      await room.sendLine(a, 'after');
      b.resumeReading();
      await room.timeline.asOneStep(
        'B receives the 20 MB, and nothing that was sent after it had left',
        async () => {
          await summarizeFailure('B does not receive everything that was sent before it left', () =>
            b.expect(relayedLines(a.id, lines)),
          );
          await b.expectEnd();
        },
      );
    },
  },
  {
    name: 'killed-unread',
    rank: 'beyond',
    title: 'when a client with unread data is killed (SIGKILL), all others are notified once',
    paragraph: 'left',
    hint: 'For this client, send fails. Treat that like a 0 of recv, and send the notice once.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const { client, process } = await room.joinProcess();
      room.removeReceiver(client);
      client.record('is stopped (SIGSTOP)');
      process.kill('SIGSTOP');
      await sendAll(room, a, b, numberedLines(8));
      client.record('is killed (SIGKILL)');
      process.kill('SIGKILL');
      await room.expectOthers(client, leftNotice(client.id));
      await room.sendLine(a, 'done');
      await room.sendLine(b, 'done');
    },
  },
  {
    name: 'stopped-client',
    rank: 'beyond',
    title: 'a client whose process is stopped (SIGSTOP) while 20 MB are sent receives them later',
    paragraph: 'lazy',
    hint: 'Keep the unsent data, in memory or on disk, for as long as necessary.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const { client, process } = await room.joinProcess();
      room.removeReceiver(client);
      client.record('is stopped (SIGSTOP)');
      process.kill('SIGSTOP');
      const lines = numberedLines(20);
      await sendAll(room, a, b, lines);
      await room.sendLine(b, 'still here?');
      client.record('continues (SIGCONT)');
      process.kill('SIGCONT');
      await room.timeline.asOneStep(`${client.name} receives everything`, () =>
        summarizeFailure('it does not receive everything', () => client.expect(relayedLines(a.id, lines))),
      );
      await client.expect(relayedLine(b.id, 'still here?'));
      room.receivers.push(client);
      await room.sendLine(client, 'I am');
    },
  },
  {
    name: 'both-write',
    rank: 'beyond',
    title: 'two clients that both send 8 MB before they read lose nothing and do not deadlock',
    paragraph: 'lazy',
    hint: 'A server that stops reading until everything is written deadlocks with clients that write before they read.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      a.pauseReading();
      b.pauseReading();
      const lines = numberedLines(8);
      await room.timeline.asOneStep('A and B send 8 MB each, and C receives both', async () => {
        a.send(joinLines(lines));
        b.send(joinLines(lines));
        const length = relayedLines(a.id, lines).length + relayedLines(b.id, lines).length;
        if (!(await c.receivesBytes(length))) {
          throw new Failure({ what: 'C does not receive everything', isTimeout: true });
        }
      });
      a.resumeReading();
      b.resumeReading();
      await room.timeline.asOneStep("A and B receive each other's lines", () =>
        summarizeFailure('what was sent before they read does not reach them', async () => {
          await a.expect(relayedLines(b.id, lines));
          await b.expect(relayedLines(a.id, lines));
        }),
      );
    },
  },
  {
    name: 'broken-off-unread',
    rank: 'beyond',
    title: 'a client that resets its connection with unread data, before or after a FIN, has left once',
    paragraph: 'left',
    hint: 'Several calls can report the end of a client. Send the notice where the client is removed, and only there.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      const d = await room.join();
      for (const lazy of [b, d]) {
        room.removeReceiver(lazy);
        lazy.pauseReading();
      }
      await sendAll(room, a, c, numberedLines(8));
      b.reset();
      await room.expectOthers(b, leftNotice(b.id));
      d.end();
      await room.expectOthers(d, leftNotice(d.id));
      d.record('resets its connection, with unread data');
      d.destroy();
      await room.sendLine(a, 'done');
      await room.sendLine(c, 'done');
    },
  },
  {
    name: 'lazy-100-mb',
    rank: 'beyond',
    title: 'a client that did not read while 100 MB were sent receives all of it later',
    paragraph: 'lazy',
    hint: 'Keep the unsent data for as long as necessary, on disk if memory is too small.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      room.removeReceiver(c);
      c.pauseReading();
      const relayed = await sendHundredMegabytes(room, a, b);
      c.resumeReading();
      await room.timeline.asOneStep('C receives all of it', () =>
        summarizeFailure(
          'a part of what was sent while C did not read never reaches C, or is changed',
          async () => {
            for (let i = 0; i < 100; i++) await c.expect(relayed);
          },
        ),
      );
      room.receivers.push(c);
      await room.sendLine(c, 'good morning');
    },
  },
  {
    name: 'bounded-memory',
    rank: 'beyond',
    title: '100 MB that four clients have not read are not kept in memory once for each of them',
    paragraph: 'leaks',
    hint: 'Keep one copy of the unsent data for all slow clients instead of one per client, and keep it on disk.',
    alone: true,
    async run(room) {
      const [a, b] = await room.joinThree();
      const { pid } = room;
      for (let i = 0; i < 3; i++) await room.join();
      for (const lazy of room.receivers.slice(2)) {
        room.removeReceiver(lazy);
        lazy.pauseReading();
      }
      const before = peakMemoryBytes(pid);
      await sendHundredMegabytes(room, a, b);
      if (peakMemoryBytes(pid) - before > MAX_GROWTH_BYTES) {
        throw new Failure({ what: `its memory has grown by more than ${MAX_GROWTH_BYTES / 1e6} MB` });
      }
    },
  },
];
