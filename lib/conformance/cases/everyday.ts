import type { Case } from '../case.js';
import { Failure, Undecided } from '../failure.js';
import { arrivedNotice, leftNotice } from '../messages.js';
import type { Room } from '../room.js';

/** Time that an idle server has while it is observed, and that of one observation, in milliseconds. */
const OBSERVED_MS = 500;
const OBSERVATION_MS = 50;
/** Observations after which the machine is too busy: the server waits for a processor almost all the time. */
const MAX_OBSERVATIONS = 600;
/** The share of a processor that an idle server may use. */
const MAX_IDLE_SHARE = 0.2;
/** Every timer and delay of the kernel that could be in the way takes longer than this, in milliseconds. */
const PROMPT_MS = 25;
/** Questions to a server. The kernel delays packets of a connection only after a while, so more would be of no use. */
const QUESTIONS = 5;
/** Servers that are asked, if none before has answered quickly. */
const PROMPT_ATTEMPTS = 10;

export const EVERYDAY: readonly Case[] = [
  {
    name: 'quiet',
    rank: 'beyond',
    title: 'as long as nothing fails, it writes nothing to standard error',
    paragraph: 'fatal',
    hint: 'Remove the output that you added for debugging.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.sendLine(a, 'hello');
      await room.leave(b);
      room.removeReceiver(c);
      c.reset();
      await a.expect(leftNotice(c.id));
      await room.join();
      const { stderr } = room.server;
      await room.server.end(room.clock);
      if (stderr.length > 0) {
        throw new Failure({
          what: 'it has written to standard error',
          expected: Buffer.alloc(0),
          received: stderr.bytes,
        });
      }
    },
  },
  {
    name: 'prompt',
    rank: 'beyond',
    title: 'it relays questions in two parts, and their answers, without a delay',
    paragraph: 'fast',
    hint: "A timer delays the lines, or Nagle's algorithm does: a second small packet waits until the first is acknowledged (set TCP_NODELAY).",
    alone: true,
    async run(room) {
      const quickestMs = { server: Number.POSITIVE_INFINITY, reference: Number.POSITIVE_INFINITY };
      for (let attempt = 1; attempt <= PROMPT_ATTEMPTS; attempt++) {
        quickestMs.server = Math.min(quickestMs.server, await quickestAnswerMs(room));
        if (quickestMs.server <= PROMPT_MS) return;
        quickestMs.reference = Math.min(
          quickestMs.reference,
          await room.clock.machine.quickestAnswerMs(QUESTIONS),
        );
        if (attempt < PROMPT_ATTEMPTS) await room.restart();
      }
      if (quickestMs.server - quickestMs.reference <= PROMPT_MS) throw new Undecided();
      throw new Failure({
        what: `none of ${PROMPT_ATTEMPTS * QUESTIONS} questions was answered within ${PROMPT_MS} ms`,
      });
    },
  },
  {
    name: 'idle',
    rank: 'beyond',
    title: 'while no client sends anything, it uses no processor time',
    paragraph: 'fast',
    hint: 'Let select wait, without a timeout. A loop that asks again and again uses a whole processor.',
    alone: true,
    async run(room) {
      const [a] = await room.joinThree();
      await room.sendLine(a, 'silence');
      room.clock.pid = room.pid;
      room.timeline.add(undefined, 'no client sends anything for half a second');
      const total = { elapsedMs: 0, usedMs: 0 };
      for (let i = 0; total.elapsedMs < OBSERVED_MS; i++) {
        if (i === MAX_OBSERVATIONS) throw new Undecided();
        const { elapsedMs, usedMs } = await room.clock.measure(
          () => new Promise((resolve) => setTimeout(resolve, OBSERVATION_MS)),
        );
        total.elapsedMs += elapsedMs;
        total.usedMs += usedMs;
      }
      if (total.usedMs > total.elapsedMs * MAX_IDLE_SHARE) {
        throw new Failure({ what: 'it keeps a processor busy while no client sends anything' });
      }
      await room.sendLine(a, 'good morning');
    },
  },
  {
    name: 'port-again',
    rank: 'beyond',
    title: 'after it has ended, a new server can use the port at once',
    paragraph: 'port',
    hint: 'Closed connections keep a port occupied for a minute, unless the socket has the option SO_REUSEADDR.',
    async run(room) {
      const first = await room.open();
      const [a, b] = await room.joinThree();
      b.pauseReading();
      room.removeReceiver(b);
      await room.sendLine(a, 'hello');
      a.send('unread\n');
      room.timeline.add(undefined, 'the server is killed, and started again on the same port');
      await first.stop();
      room.receivers.splice(0);
      await room.open({ port: first.port });
      const c = await room.connect();
      const d = await room.connect();
      await c.expect(arrivedNotice(1));
      d.end();
      await c.expect(leftNotice(1));
      await d.waitForEnd();
      room.timeline.add(undefined, 'the server is ended (SIGTERM), and started again on the same port');
      await room.server.end(room.clock);
      await room.open({ port: first.port });
      const e = await room.connect();
      await room.connect();
      await e.expect(arrivedNotice(1));
    },
  },
];

/** Asks questions, and returns how long the one with the quickest answer took. A delay in the server affects each. */
async function quickestAnswerMs(room: Room): Promise<number> {
  const [a, b] = [await room.join(), await room.join()];
  let quickestMs = Number.POSITIVE_INFINITY;
  await room.timeline.asOneStep(
    `A asks B ${QUESTIONS} questions, in two lines each, and B answers`,
    async () => {
      for (let i = 0; i < QUESTIONS; i++) {
        const { elapsedMs } = await room.clock.measure(async () => {
          await room.sendLine(a, `${i}?`);
          await room.sendLine(a, `${i}??`);
          await room.sendLine(b, `${i}!`);
        });
        quickestMs = Math.min(quickestMs, elapsedMs);
      }
    },
  );
  return quickestMs;
}
