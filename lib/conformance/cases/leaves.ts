import type { Case } from '../case.js';
import { left, said } from '../client.js';

export const LEAVES: readonly Case[] = [
  {
    name: 'leaves',
    rank: 'subject',
    title: 'all who stay are told of each who leaves, once',
    paragraph: 'left',
    hint: 'recv gives 0: send the notice to all others, take the descriptor out of the set, and close it.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.say(b, 'last words');
      await room.leave(b);
      // Had it been said twice, the second would stand before these.
      await room.say(a, 'done');
      await room.say(c, 'done');
    },
  },
  {
    name: 'say-and-go',
    rank: 'exam',
    title: 'who connects, says one thing and leaves at once is announced, heard, and seen off',
    paragraph: 'left',
    hint: 'accept, recv and the 0 of recv come one after the other: lose none of them.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const brief = await room.connect();
      brief.end('hello\n');
      await room.announced(brief);
      room.forget(brief);
      await room.others(brief, said(brief.id, 'hello'), left(brief.id));
      const mute = await room.connect();
      mute.end();
      await room.announced(mute);
      room.forget(mute);
      await room.others(mute, left(mute.id));
      await room.say(a, 'who was that?');
      await room.say(b, 'no idea');
    },
  },
  {
    name: 'killed-client',
    rank: 'exam',
    title: 'a client whose process is killed (SIGKILL) has left',
    paragraph: 'left',
    hint: 'Nobody says goodbye then, but the kernel: recv gives 0.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const { client, process } = await room.joinOutsider();
      await room.say(client, 'I feel unwell');
      // What it has heard it has read: nothing is left that would make an RST of its end.
      await room.say(a, 'oh dear');
      room.forget(client);
      client.note('is killed (SIGKILL)');
      process.kill('SIGKILL');
      await room.others(client, left(client.id));
      await room.say(a, 'done');
      await room.say(b, 'done');
    },
  },
  {
    name: 'reset-client',
    rank: 'exam',
    title: 'a client that breaks its connection off (RST) has left, and the server goes on',
    paragraph: 'left',
    hint: 'recv gives -1 then: treat it as a 0. And send with MSG_NOSIGNAL, or SIGPIPE may end the server.',
    async run(room) {
      const [a, b, c] = await room.trio();
      await room.say(b, 'last words');
      room.forget(b);
      b.reset();
      await room.others(b, left(b.id));
      await room.say(a, 'done');
      await room.say(c, 'done');
    },
  },
];
