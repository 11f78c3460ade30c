import type { Case } from '../case.js';
import { leftNotice, relayedLine } from '../messages.js';

export const LEAVES: readonly Case[] = [
  {
    name: 'leaves',
    rank: 'subject',
    title: 'when a client leaves, all others are notified once',
    paragraph: 'left',
    hint: 'When recv returns 0, send the notice to all others, remove the descriptor from the set, and close it.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.sendLine(b, 'last words');
      await room.leave(b);
      // A second notice would come before these lines.
      await room.sendLine(a, 'done');
      await room.sendLine(c, 'done');
    },
  },
  {
    name: 'say-and-go',
    rank: 'exam',
    title:
      'when a client connects, sends a line and leaves at once, the others receive both notices and the line',
    paragraph: 'left',
    hint: 'accept, recv and the 0 of recv follow each other directly: handle each of them.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const brief = await room.connect();
      brief.end('hello\n');
      await room.expectArrival(brief);
      room.removeReceiver(brief);
      await room.expectOthers(brief, relayedLine(brief.id, 'hello'), leftNotice(brief.id));
      const silent = await room.connect();
      silent.end();
      await room.expectArrival(silent);
      room.removeReceiver(silent);
      await room.expectOthers(silent, leftNotice(silent.id));
      await room.sendLine(a, 'who was that?');
      await room.sendLine(b, 'no idea');
    },
  },
  {
    name: 'killed-client',
    rank: 'exam',
    title: 'when the process of a client is killed (SIGKILL), all others are notified',
    paragraph: 'left',
    hint: 'The kernel then closes the connection of the client, and recv returns 0.',
    async run(room) {
      const a = await room.join();
      const b = await room.join();
      const { client, process } = await room.joinProcess();
      await room.sendLine(client, 'I feel unwell');
      // The client has then read everything: unread data would turn its FIN into a reset.
      await room.sendLine(a, 'oh dear');
      room.removeReceiver(client);
      client.record('is killed (SIGKILL)');
      process.kill('SIGKILL');
      await room.expectOthers(client, leftNotice(client.id));
      await room.sendLine(a, 'done');
      await room.sendLine(b, 'done');
    },
  },
  {
    name: 'reset-client',
    rank: 'exam',
    title: 'when a client resets its connection (RST), all others are notified',
    paragraph: 'left',
    hint: 'recv then returns -1: treat it like 0. Call send with MSG_NOSIGNAL, or SIGPIPE can end the server.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      await room.sendLine(b, 'last words');
      room.removeReceiver(b);
      b.reset();
      await room.expectOthers(b, leftNotice(b.id));
      await room.sendLine(a, 'done');
      await room.sendLine(c, 'done');
    },
  },
];
