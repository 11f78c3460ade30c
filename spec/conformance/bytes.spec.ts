import { arrive, trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { saidBytes } from '../support/wire.js';

const NEWLINE = 0x0a;

describe('protocol: bytes', () => {
  const unchanged: [string, Buffer][] = [
    ['a carriage return', Buffer.from('a\rb\r')],
    ['nothing but a carriage return', Buffer.from('\r')],
    ['NUL', Buffer.from('\0a\0\0b\0')],
    ['ESC', Buffer.from('\x1b[2J\x1b]0;title\x07')],
    ['control-D', Buffer.from('\x04a\x04')],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80, 0xed, 0xa0, 0x80, 0xf8])],
    ['a character of several bytes cut short', Buffer.from([0x61, 0xe2, 0x82])],
    ['a byte order mark', Buffer.from('\ufeffa')],
    ['what other line endings there are', Buffer.from('a\v\f\x1c\x1d\x1e\x85\u0085\u2028\u2029b')],
    ['telnet commands', Buffer.from([0xff, 0xf4, 0xff, 0xfd, 0x06])],
    ['all byte values but the newline', Buffer.from(Array.from({ length: 256 }, (_, i) => i)).filter(isText)],
  ].map(([name, bytes]) => [name as string, Buffer.from(bytes as Uint8Array)]);

  for (const [name, bytes] of unchanged) {
    it(`lets pass unchanged: ${name}`, async () => {
      const server = await startServer();
      const a = await arrive(server);
      const b = await arrive(server, 1, a);
      const end = Buffer.from('end');
      await a.send(Buffer.concat([bytes, Buffer.from('\n'), bytes, Buffer.from('\nend\n')]));
      await b.hears(saidBytes(0, bytes, bytes, end));
    });
  }

  it('takes the newline among all 256 byte values for the end of a line', async () => {
    const [a, , c] = await trio(await startServer());
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await a.send(Buffer.concat([all, all, Buffer.from('\n')]));
    const around = Buffer.concat([all.subarray(NEWLINE + 1), all.subarray(0, NEWLINE)]);
    await c.hears(saidBytes(0, all.subarray(0, NEWLINE), around, all.subarray(NEWLINE + 1)));
  });

  it('puts a character together whose bytes come one at a time', async () => {
    const [a, b, c] = await trio(await startServer());
    const text = Buffer.from('é€😀');
    for (const [i, byte] of text.entries()) {
      await a.send(Buffer.of(byte));
      await b.send(`${i}\n`);
      await c.until(`client 1: ${i}\n`);
    }
    await a.send('\n');
    const paces = Array.from(text, (_, i) => Buffer.from(`${i}`));
    await c.hears(saidBytes(1, ...paces), saidBytes(0, text));
  });

  it('takes a megabyte of noise, in pieces of any size', async () => {
    const [a, b, c] = await trio(await startServer());
    const random = generator(42);
    const noise = Buffer.from(Array.from({ length: 1 << 20 }, () => random() % 256));
    noise[noise.length - 1] = NEWLINE;
    for (let from = 0; from < noise.length; ) {
      const until = from + 1 + (random() % 9000);
      await a.send(noise.subarray(from, until));
      from = until;
    }
    await c.hears(saidBytes(0, ...linesOf(noise)));
    await b.until((bytes) => bytes.length >= c.received.length);
  });
});

function isText(byte: number): boolean {
  return byte !== NEWLINE;
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const at = bytes.indexOf(NEWLINE, from);
    lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return lines;
}

/** Numbers that look random and are the same each time (xorshift). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
