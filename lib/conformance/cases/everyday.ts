import type { Case } from '../case.js';
import { Failure } from '../failure.js';
import { stat } from '../kernel.js';

/** How long an idle server is watched, in ms, and how much of a processor it may take of it. */
const WATCHED = 1000;
const IDLE = 0.2;
/** What no timer and no algorithm of the kernel's delays takes less than this for one of many questions, in ms. */
const PROMPT = 25;

export const EVERYDAY: readonly Case[] = [
  {
    name: 'quiet',
    rank: 'beyond',
    title: 'where nothing is wrong, nothing is written to standard error',
    paragraph: 'fatal',
    hint: 'Take out what you have written there to find a mistake.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.say(a, 'hello');
      await room.leave(b);
      room.forget(c);
      c.reset();
      await a.hears(`server: client ${c.id} just left\n`);
      await room.join();
      const { stderr } = room.server;
      await room.server.end(room.patience.ms);
      if (stderr.length > 0) {
        throw new Failure({
          what: 'something is written there',
          expected: Buffer.alloc(0),
          came: stderr.bytes,
        });
      }
    },
  },
  {
    name: 'prompt',
    rank: 'beyond',
    title: '100 questions in two parts are answered one after the other without a delay',
    paragraph: 'fast',
    hint: 'A timer in the way, or Nagle: the second small packet waits for the first to be acknowledged (TCP_NODELAY).',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const took: number[] = [];
      await room.quietly('A asks B 100 questions, in two lines each, and B answers', async () => {
        for (let i = 0; i < 100; i++) {
          const from = performance.now();
          await room.say(a, `${i}?`);
          await room.say(a, `${i}??`);
          await room.say(b, `${i}!`);
          took.push(performance.now() - from);
        }
      });
      // A delay delays each of them; a busy computer delays many, and leaves the quickest alone.
      if (Math.min(...took) > PROMPT) {
        throw new Failure({ what: `not one question of 100 was answered within ${PROMPT} ms` });
      }
    },
  },
  {
    name: 'idle',
    rank: 'beyond',
    title: 'while nothing is said, no time of a processor is used',
    paragraph: 'fast',
    hint: 'select waits by itself, without a time: a loop that asks again and again takes a whole processor.',
    async run(room) {
      const [a] = await room.trio();
      await room.say(a, 'silence');
      const { pid } = room;
      const before = stat(pid)?.ticks ?? 0;
      const states: string[] = [];
      room.timeline.add(undefined, 'nobody says anything for a second');
      for (const from = performance.now(); performance.now() - from < WATCHED; ) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        states.push(stat(pid)?.state ?? '');
      }
      const used = ((stat(pid)?.ticks ?? 0) - before) * 10;
      if (used > WATCHED * IDLE || states.every((state) => state === 'R')) {
        throw new Failure({ what: 'it keeps a processor busy while nothing is said' });
      }
      await room.say(a, 'good morning');
    },
  },
  {
    name: 'port-again',
    rank: 'beyond',
    title: 'the port can be taken again at once, however the one who had it has ended',
    paragraph: 'port',
    hint: 'Connections that have ended hold a port for a minute, unless the socket has SO_REUSEADDR.',
    async run(room) {
      const first = await room.open();
      const [a, b] = await room.trio();
      b.sleep();
      room.forget(b);
      await room.say(a, 'hello');
      a.send('unheard\n');
      room.timeline.add(undefined, 'the server is killed, and started again on the same port');
      await first.stop();
      room.present.splice(0);
      await room.open({ port: first.port });
      const c = await room.connect();
      const d = await room.connect();
      await c.hears('server: client 1 just arrived\n');
      d.end();
      await c.hears('server: client 1 just left\n');
      await d.over();
      room.timeline.add(
        undefined,
        'the server is asked to end (SIGTERM), and started again on the same port',
      );
      await room.server.end(room.patience.ms);
      await room.open({ port: first.port });
      const e = await room.connect();
      await room.connect();
      await e.hears('server: client 1 just arrived\n');
    },
  },
];
