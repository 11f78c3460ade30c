import type { Case } from '../case.js';
import { linePrefix, relayedLine } from '../messages.js';

const NEWLINE = 0x0a;

export const BYTES: readonly Case[] = [
  {
    name: 'control-bytes',
    rank: 'exam',
    title: '\\x04, \\r and other control characters in a line are relayed unchanged',
    paragraph: 'printable',
    hint: '"no need to check": only \\n has a meaning. No other byte ends a line or a connection.',
    async run(room) {
      const [a] = await room.joinThree();
      await room.sendLine(a, '<\x04>');
      await room.sendLine(a, '<a\rb\r>');
      await room.sendLine(a, '<\x1b[2J\x1b]0;title\x07>');
      await room.sendLine(a, '<\v\f\b\x1c\x1d\x1e\x7f>');
    },
  },
  {
    name: 'high-bytes',
    rank: 'exam',
    title: 'bytes above 127 are relayed unchanged, whether they are valid text or not',
    paragraph: 'printable',
    hint: 'Bytes are not characters: send exactly the bytes that recv returned. In other languages, do not use strings.',
    async run(room) {
      const [a, b] = await room.joinThree();
      const sendBytes = async (bytes: Buffer): Promise<void> => {
        a.send(Buffer.concat([bytes, Buffer.of(NEWLINE)]));
        await room.expectOthers(a, linePrefix(a.id), bytes, '\n');
      };
      await sendBytes(Buffer.from('<é€😀>'));
      await sendBytes(Buffer.from([0x3c, 0xff, 0xfe, 0xc3, 0x28, 0x80, 0xed, 0xa0, 0x80, 0xf8, 0x3e]));
      await sendBytes(Buffer.from(Array.from({ length: 128 }, (_, i) => 0x80 + i)));
      // Each character arrives in two packets.
      const text = Buffer.from('<é€😀>');
      for (const [from, until] of [
        [0, 2],
        [2, 5],
        [5, 7],
      ]) {
        a.send(text.subarray(from, until));
        await room.waitUntilRead(a);
      }
      a.send(Buffer.concat([text.subarray(7), Buffer.of(NEWLINE)]));
      await room.expectOthers(a, linePrefix(a.id), text, '\n');
      await room.sendLine(b, 'done');
    },
  },
  {
    name: 'nul',
    rank: 'beyond',
    title: 'NUL is relayed unchanged, like every other byte',
    paragraph: 'printable',
    hint: 'strlen and strcat stop at a NUL. Use the number of bytes that recv returned.',
    async run(room) {
      const [a] = await room.joinThree();
      const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const lines = [
        Buffer.from('\0a\0\0b\0'),
        Buffer.from('\0'),
        all.subarray(0, NEWLINE),
        all.subarray(NEWLINE + 1),
      ];
      for (const line of lines) {
        a.send(Buffer.concat([line, Buffer.of(NEWLINE)]));
        await room.expectOthers(a, linePrefix(a.id), line, '\n');
      }
    },
  },
  {
    name: 'noise',
    rank: 'beyond',
    title: 'a megabyte of random bytes in pieces of random size is relayed unchanged',
    paragraph: 'resend',
    hint: 'The bytes that recv returns can end anywhere: before a \\n, after it, or in the middle of a line.',
    async run(room) {
      const [a] = await room.joinThree();
      const next = xorshift(42);
      const noise = Buffer.from(Array.from({ length: 1 << 20 }, () => next() % 256));
      noise[noise.length - 1] = NEWLINE;
      await room.timeline.asOneStep('A sends a megabyte of random bytes, in pieces', async () => {
        for (let from = 0; from < noise.length; ) {
          const until = from + 1 + (next() % 9000);
          a.send(noise.subarray(from, until));
          from = until;
        }
      });
      await room.expectOthers(a, withPrefixes(a.id, noise));
    },
  },
  {
    name: 'byte-by-byte',
    rank: 'beyond',
    title: 'a line in 10,000 packets is relayed as one line',
    paragraph: 'resend',
    hint: 'Do not search the whole unfinished line again for each byte that arrives.',
    async run(room) {
      const [a, b] = await room.joinThree();
      const line = '0123456789'.repeat(1000);
      await room.timeline.asOneStep('A sends a line of 10,000 bytes, one byte at a time', async () => {
        for (const character of line) a.send(character);
      });
      await room.waitUntilRead(a);
      await room.sendLine(b, 'between');
      a.send('\n');
      await room.expectOthers(a, relayedLine(a.id, line));
    },
  },
];

/** Returns complete lines, of any bytes, as the other clients receive them. */
function withPrefixes(id: number, bytes: Buffer): Buffer {
  const prefix = Buffer.from(linePrefix(id));
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const until = bytes.indexOf(NEWLINE, from) + 1;
    parts.push(prefix, bytes.subarray(from, until));
    from = until;
  }
  return Buffer.concat(parts);
}

/** Returns a generator of pseudo-random numbers, the same in each run. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
