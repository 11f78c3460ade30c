import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { LINE_TOO_LONG, splitLines } from '../../lib/protocol/line-splitter.js';
import { random } from '../support/random.js';

const CHUNK = 64 * 1024;
const MIB = 1024 * 1024;
const TOO_LONG = '<too long>';

/** What comes out for these chunks, a line each. */
async function split(chunks: readonly string[], maxLine = 64 * MIB): Promise<string[]> {
  const splitter = splitLines(maxLine, CHUNK);
  const lines: string[] = [];
  splitter.on('data', (block: string | symbol) => {
    lines.push(...(typeof block === 'string' ? block.split('\n') : [TOO_LONG]));
  });
  const ended = once(splitter, 'end');
  for (const chunk of chunks) splitter.write(chunk, 'latin1');
  splitter.end();
  await ended;
  return lines;
}

/** The specification, as short as it can be. */
function model(text: string, maxLine: number): string[] {
  const parts = text.split('\n');
  const long = parts.findIndex((part) => part.length > maxLine);
  return long === -1 ? parts.slice(0, -1) : [...parts.slice(0, long), TOO_LONG];
}

describe('lines', () => {
  it('goes on behind a line that took many chunks, within the chunk in which that ended', async () => {
    const long = 'x'.repeat(CHUNK);
    const chunks = [
      ...Array.from({ length: 20 }, () => long),
      `${long}end\n\nnext\nhalf`,
      ' and half\n',
      'never',
    ];
    const lines = await split(chunks);
    expect(lines.map((line) => line.length)).to.deep.equal([21 * CHUNK + 3, 0, 4, 13]);
    expect(lines[0] === `${'x'.repeat(21 * CHUNK)}end`).to.equal(true);
    expect(lines.slice(1)).to.deep.equal(['', 'next', 'half and half']);
  });

  it('does what the model does, whatever the bytes, the limit and the chunks', async () => {
    const next = random(42);
    const below = (limit: number): number => Math.floor(next() * limit);
    for (let round = 0; round < 20_000; round++) {
      const newlines = next() * 0.5;
      const bytes = Array.from({ length: below(60) }, () => (next() < newlines ? 10 : below(256)));
      const text = String.fromCharCode(...bytes);
      const chunks: string[] = [];
      for (let at = 0; at < text.length; ) {
        const size = 1 + below(next() < 0.5 ? 3 : 30);
        chunks.push(text.slice(at, at + size));
        at += size;
      }
      const maxLine = next() < 0.5 ? 1000 : 1 + below(20);
      const lines = await split(chunks, maxLine);
      const expected = model(text, maxLine);
      if (JSON.stringify(lines) !== JSON.stringify(expected)) {
        expect(lines, `round ${round}: ${JSON.stringify({ chunks, maxLine })}`).to.deep.equal(expected);
      }
    }
  });

  describe('the limit', () => {
    const line = 'abcdefghij';
    const cases: [string, string[], string[]][] = [
      ['a line at the limit in one chunk', [`${line}\n`], [line]],
      ['a line at the limit across chunks', ['abc', 'defghij', '\n'], [line]],
      ['a line one above it in one chunk', [`${line}k\n`], [TOO_LONG]],
      ['a line one above it across chunks', [line, 'k', '\n'], [TOO_LONG]],
      ['a line one above it that ends in a later chunk', [line, 'k\nnext\n'], [TOO_LONG]],
      ['a line above it that never ends', [`${line}k`], [TOO_LONG]],
      ['complete lines before it in the same chunk', [`a\nb\n${line}k\nc\n`], ['a', 'b', TOO_LONG]],
      ['complete lines before it, and no end', [`a\nb\n${line}k`], ['a', 'b', TOO_LONG]],
      ['a line begun in the chunk before', ['abc', `defghij\nb\n${line}k\nc`], [line, 'b', TOO_LONG]],
      ['nothing after it', [`${line}k\nc\n`, 'd\n', 'e\n'], [TOO_LONG]],
      ['a rest at the limit that is never ended', [`a\n${line}`], ['a']],
    ];
    for (const [name, chunks, expected] of cases) {
      it(name, async () => expect(await split(chunks, line.length)).to.deep.equal(expected));
    }
  });

  it('gives the complete lines of a chunk as one block', async () => {
    const splitter = splitLines(MIB, CHUNK);
    const blocks: unknown[] = [];
    splitter.on('data', (block) => blocks.push(block));
    splitter.end('a\nb\nc\nrest', 'latin1');
    await once(splitter, 'end');
    expect(blocks).to.deep.equal(['a\nb\nc']);
  });

  it('cuts a block that would grow too large for a string when every line has its prefix', async () => {
    const splitter = splitLines(MIB, CHUNK);
    const blocks: string[] = [];
    splitter.on('data', (block: string) => blocks.push(block));
    const text = '\n'.repeat(8 * MIB) + `${'x'.repeat(1000)}\n`.repeat(8000);
    splitter.end(text, 'latin1');
    await once(splitter, 'end');
    expect(`${blocks.join('\n')}\n` === text).to.equal(true);
    expect(Math.max(...blocks.map((block) => block.length))).to.be.below(3 * MIB);
  });

  it('takes time linear in the length of a line', async () => {
    const took = async (size: number): Promise<number> => {
      const piece = 'x'.repeat(CHUNK);
      const chunks = [...Array.from({ length: size / CHUNK }, () => piece), '\n'];
      const start = performance.now();
      const [line] = await split(chunks, 64 * MIB);
      expect(line?.length).to.equal(size);
      return performance.now() - start;
    };
    await took(8 * MIB);
    const short = await took(8 * MIB);
    // Eight times the length; were it quadratic, sixty-four times the time. A pause of the machine is forgiven.
    expect(await took(64 * MIB)).to.be.below(40 * Math.max(short, 40));
  });

  it('holds any bytes of a long line as they were sent', async () => {
    const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => (byte === 10 ? 0 : byte)));
    const piece = bytes.repeat(200);
    for (const pieces of [Array(3).fill(piece), Array(600).fill(bytes), [...piece, ...piece]] as string[][]) {
      const [line, ...others] = await split([...pieces, 'end\n']);
      expect(line === `${pieces.join('')}end`).to.equal(true);
      expect(others).to.deep.equal([]);
    }
  });

  it('takes a line of 100,000 chunks of one byte', async () => {
    const chunks = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(97 + (i % 26)));
    expect(await split([...chunks, '\n'])).to.deep.equal([chunks.join('')]);
  });

  it('does not keep a chunk alive for the rest of it', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const used = (): number => {
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const splitters = Array.from({ length: 1000 }, (_, i) => {
      const splitter = splitLines(MIB, CHUNK);
      splitter.resume();
      const chunk = Buffer.alloc(CHUNK, `${i}`).toString('latin1');
      splitter.write(`${chunk}\n${'rest of a line that is not complete '.repeat(2)}`, 'latin1');
      return splitter;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const grown = used() - before;
    expect(splitters).to.have.length(1000);
    expect(grown).to.be.below(32 * MIB);
    expect(LINE_TOO_LONG).to.be.a('symbol');
  });
});
