import type { Case } from '../case.js';
import { said } from '../client.js';

const NEWLINE = 0x0a;

export const BYTES: readonly Case[] = [
  {
    name: 'control-bytes',
    rank: 'exam',
    title: '\\x04, \\r and other control characters in a line arrive as they are',
    paragraph: 'printable',
    hint: '"no need to check": only the \\n means anything, and no other byte ends a line, or a connection.',
    async run(room) {
      const [a] = await room.trio();
      await room.say(a, '<\x04>');
      await room.say(a, '<a\rb\r>');
      await room.say(a, '<\x1b[2J\x1b]0;title\x07>');
      await room.say(a, '<\v\f\b\x1c\x1d\x1e\x7f>');
    },
  },
  {
    name: 'high-bytes',
    rank: 'exam',
    title: 'bytes above 127 arrive as they are, be they text or not',
    paragraph: 'printable',
    hint: 'Bytes are no characters: pass on what recv gives, as long as it is. In other languages: no strings.',
    async run(room) {
      const [a, b] = await room.trio();
      const say = async (bytes: Buffer): Promise<void> => {
        a.send(Buffer.concat([bytes, Buffer.of(NEWLINE)]));
        await room.others(a, said(a.id, '').slice(0, -1), bytes, '\n');
      };
      await say(Buffer.from('<é€😀>'));
      await say(Buffer.from([0x3c, 0xff, 0xfe, 0xc3, 0x28, 0x80, 0xed, 0xa0, 0x80, 0xf8, 0x3e]));
      await say(Buffer.from(Array.from({ length: 128 }, (_, i) => 0x80 + i)));
      // Each character comes in two packets.
      const text = Buffer.from('<é€😀>');
      for (const [from, until] of [
        [0, 2],
        [2, 5],
        [5, 7],
      ]) {
        a.send(text.subarray(from, until));
        await room.taken(a);
      }
      await room.say(b, 'between');
      a.send(Buffer.concat([text.subarray(7), Buffer.of(NEWLINE)]));
      await room.others(a, said(a.id, '').slice(0, -1), text, '\n');
    },
  },
  {
    name: 'nul',
    rank: 'beyond',
    title: 'NUL arrives as it is, and so does every other byte',
    paragraph: 'printable',
    hint: 'strlen and strcat end at a NUL: count the bytes that recv gave.',
    async run(room) {
      const [a] = await room.trio();
      const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const lines = [
        Buffer.from('\0a\0\0b\0'),
        Buffer.from('\0'),
        all.subarray(0, NEWLINE),
        all.subarray(NEWLINE + 1),
      ];
      for (const line of lines) {
        a.send(Buffer.concat([line, Buffer.of(NEWLINE)]));
        await room.others(a, said(a.id, '').slice(0, -1), line, '\n');
      }
    },
  },
  {
    name: 'noise',
    rank: 'beyond',
    title: 'a megabyte of noise in pieces of any size arrives as it is',
    paragraph: 'resend',
    hint: 'The end of what recv gives may be anywhere: before a \\n, behind it, or in the middle of a line.',
    async run(room) {
      const [a] = await room.trio();
      const next = xorshift(42);
      const noise = Buffer.from(Array.from({ length: 1 << 20 }, () => next() % 256));
      noise[noise.length - 1] = NEWLINE;
      await room.quietly('A sends a megabyte of noise, in pieces', async () => {
        for (let from = 0; from < noise.length; ) {
          const until = from + 1 + (next() % 9000);
          a.send(noise.subarray(from, until));
          from = until;
        }
      });
      await room.others(a, tagged(a.id, noise));
    },
  },
  {
    name: 'byte-by-byte',
    rank: 'beyond',
    title: 'a line in 10,000 packets is one line',
    paragraph: 'resend',
    hint: 'Do not look at the whole of an unfinished line again for each byte that comes.',
    async run(room) {
      const [a, b] = await room.trio();
      const line = '0123456789'.repeat(1000);
      await room.quietly('A sends a line of 10,000 bytes, each by itself', async () => {
        for (const character of line) a.send(character);
      });
      await room.taken(a);
      await room.say(b, 'between');
      a.send('\n');
      await room.others(a, said(a.id, line));
    },
  },
];

/** Whole lines as the others hear them. */
function tagged(id: number, bytes: Buffer): Buffer {
  const prefix = Buffer.from(said(id, '').slice(0, -1));
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const until = bytes.indexOf(NEWLINE, from) + 1;
    parts.push(prefix, bytes.subarray(from, until));
    from = until;
  }
  return Buffer.concat(parts);
}

/** Numbers that look random and are the same each time. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
