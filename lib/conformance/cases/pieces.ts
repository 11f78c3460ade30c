import type { Case } from '../case.js';
import { leftNotice, relayedLine, relayedLines } from '../messages.js';

export const PIECES: readonly Case[] = [
  {
    name: 'line-in-pieces',
    rank: 'exam',
    title: 'a line that arrives in pieces is relayed as one line',
    paragraph: 'resend',
    hint: 'A packet without a \\n is a part of a line, and has no prefix of its own. Keep it in a buffer, and append what arrives next.',
    async run(room) {
      const [a, b] = await room.joinThree();
      // No other client sends in between: `pieces` checks that.
      for (const piece of ['he', 'l', 'lo']) {
        a.send(piece);
        await room.waitUntilRead(a);
      }
      a.send('\n');
      await room.expectOthers(a, relayedLine(a.id, 'hello'));
      a.send('one\ntw');
      await room.waitUntilRead(a);
      a.send('o\n');
      await room.expectOthers(a, relayedLines(a.id, ['one', 'two']));
      await room.sendLine(b, 'done');
    },
  },
  {
    name: 'long-line-in-packets',
    rank: 'exam',
    title: 'a line of 87 KB that arrives in six packets is relayed as one line',
    paragraph: 'resend',
    hint: 'Keep text without a \\n and append what arrives next, as often as necessary. The buffer has to be large enough, or to grow.',
    async run(room) {
      const [a, b] = await room.joinThree();
      const piece = 'exam rank 06,'.repeat(1116);
      for (let i = 0; i < 6; i++) {
        a.send(piece);
        await room.waitUntilRead(a);
      }
      a.send('\n');
      await room.expectOthers(a, relayedLine(a.id, piece.repeat(6)));
      await room.sendLine(b, 'that was long');
    },
  },
  {
    name: 'pieces',
    rank: 'practice',
    title: 'a line that arrives in pieces is not mixed with lines that others send in between',
    paragraph: 'resend',
    hint: 'Keep text without a \\n in a buffer of its own for each client, and append what arrives next.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      // The first piece is in the same packet as a complete line: once that is relayed, the piece has been read.
      a.send('first\nhel');
      await room.expectOthers(a, relayedLine(a.id, 'first'));
      b.send('second\ngood');
      await room.expectOthers(b, relayedLine(b.id, 'second'));
      a.send('l');
      await room.waitUntilRead(a);
      await room.sendLine(c, 'between');
      b.send('b');
      await room.waitUntilRead(b);
      await room.sendLine(c, 'and between');
      a.send('o\n');
      await room.expectOthers(a, relayedLine(a.id, 'hello'));
      b.send('ye\n');
      await room.expectOthers(b, relayedLine(b.id, 'goodbye'));
    },
  },
  {
    name: 'unfinished-dropped',
    rank: 'practice',
    title: 'text without a newline is dropped when its client leaves',
    paragraph: 'resend',
    hint: 'When recv returns 0, send only the notice. The rest in the buffer of the client was never a line.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      b.send('finished\nunfinished');
      await room.expectOthers(b, relayedLine(b.id, 'finished'));
      await room.leave(b);
      await room.sendLine(a, 'done');
      await room.sendLine(c, 'done');
    },
  },
  {
    name: 'unfinished-forgotten',
    rank: 'practice',
    title: 'text without a newline does not appear in a line of the next client',
    paragraph: 'resend',
    hint: 'The next client gets the same descriptor. Empty the buffer when a client leaves, or when one arrives.',
    async run(room) {
      const [a, b, c] = await room.joinThree();
      b.send('finished\nunfinished');
      await room.expectOthers(b, relayedLine(b.id, 'finished'));
      room.removeReceiver(b);
      b.end();
      for (const other of [a, c]) await other.skipTo(leftNotice(b.id));
      const d = await room.join();
      await room.sendLine(d, 'mine');
    },
  },
  {
    name: 'long-line',
    rank: 'practice',
    title: 'a line of 364 KB is relayed completely',
    paragraph: 'resend',
    hint: 'A buffer of a fixed size is always too small for some line. Let it grow with realloc. Graders are reported to send up to 360 KB.',
    async run(room) {
      const [a] = await room.joinThree();
      await room.sendLine(a, `${'mini_serv '.repeat(36_400)}.`);
      await room.sendLine(a, 'end');
    },
  },
];
