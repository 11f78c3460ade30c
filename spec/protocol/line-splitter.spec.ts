import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { splitLines } from '../../lib/protocol/line-splitter.js';
import { addCleanup } from '../support/cleanup.js';
import { random } from '../support/random.js';

const CHUNK = 64 * 1024;
const MIB = 1024 * 1024;
const TOO_LONG = '<too long>';

/** Splits chunks into lines. {@link TOO_LONG} is in place of a line that is too long. */
async function split(chunks: readonly string[], maxLineBytes = 64 * MIB): Promise<string[]> {
  const splitter = splitLines(maxLineBytes);
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

/** Splits into blocks, one for each chunk of complete lines. */
async function blocksOf(text: string): Promise<string[]> {
  const splitter = splitLines(MIB);
  const blocks: string[] = [];
  splitter.on('data', (block: string) => blocks.push(block));
  splitter.end(text, 'latin1');
  await once(splitter, 'end');
  return blocks;
}

/** The specification of the lines of a text. */
function model(text: string, maxLineBytes: number): string[] {
  const parts = text.split('\n');
  const long = parts.findIndex((part) => part.length > maxLineBytes);
  return long === -1 ? parts.slice(0, -1) : [...parts.slice(0, long), TOO_LONG];
}

/** Counts the characters that are searched for newlines or joined, until the test ends. */
function countCharacters(): { readonly count: number } {
  const counter = { count: 0 };
  const { lastIndexOf, indexOf } = String.prototype;
  const { join } = Array.prototype;
  addCleanup(() => {
    Object.assign(String.prototype, { lastIndexOf, indexOf });
    Array.prototype.join = join;
  });
  Object.assign(String.prototype, {
    lastIndexOf(this: string, ...args: [string]) {
      counter.count += this.length;
      return lastIndexOf.apply(this, args);
    },
    indexOf(this: string, ...args: [string]) {
      counter.count += this.length;
      return indexOf.apply(this, args);
    },
  });
  Array.prototype.join = function (...args) {
    const joined = join.apply(this, args);
    counter.count += joined.length;
    return joined;
  };
  return counter;
}

describe('splitLines()', () => {
  it('continues after a line of many chunks, within the chunk in which the line ends', async () => {
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

  it('agrees with the model for random bytes, limits and chunks', async () => {
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
      const maxLineBytes = next() < 0.5 ? 1000 : 1 + below(20);
      const lines = await split(chunks, maxLineBytes);
      const expected = model(text, maxLineBytes);
      if (JSON.stringify(lines) !== JSON.stringify(expected)) {
        expect(lines, `round ${round}: ${JSON.stringify({ chunks, maxLineBytes })}`).to.deep.equal(expected);
      }
    }
  });

  it('emits the complete lines of a chunk as one block', async () => {
    expect(await blocksOf('a\nb\nc\nrest')).to.deep.equal(['a\nb\nc']);
  });

  it('divides a block that would exceed the maximum length of a string with a prefix for each line', async () => {
    const text = '\n'.repeat(8 * MIB) + `${'x'.repeat(1000)}\n`.repeat(8000);
    const blocks = await blocksOf(text);
    expect(`${blocks.join('\n')}\n` === text).to.equal(true);
    expect(Math.max(...blocks.map((block) => block.length))).to.be.below(3 * MIB);
  });

  it('searches and copies each byte of a long line a constant number of times', async () => {
    const chunk = 'x'.repeat(CHUNK);
    const chunks = [...Array.from({ length: (8 * MIB) / CHUNK }, () => chunk), '\n'];
    const counter = countCharacters();
    const [line] = await split(chunks);
    expect(line?.length).to.equal(8 * MIB);
    // With quadratic effort it would be 64 times the length.
    expect(counter.count).to.be.below(6 * 8 * MIB);
  });

  it('keeps all bytes of a long line in any division into chunks', async () => {
    const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => (byte === 10 ? 0 : byte)));
    const part = bytes.repeat(200);
    for (const parts of [Array(3).fill(part), Array(600).fill(bytes), [...part, ...part]] as string[][]) {
      const [line, ...others] = await split([...parts, 'end\n']);
      expect(line === `${parts.join('')}end`).to.equal(true);
      expect(others).to.deep.equal([]);
    }
  });

  it('accepts a line of 100,000 chunks of one byte', async () => {
    const chunks = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(97 + (i % 26)));
    expect(await split([...chunks, '\n'])).to.deep.equal([chunks.join('')]);
  });

  it('does not keep a chunk in memory for the incomplete line at its end', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const used = (): number => {
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const splitters = Array.from({ length: 1000 }, (_, i) => {
      const splitter = splitLines(MIB);
      splitter.resume();
      const chunk = Buffer.alloc(CHUNK, `${i}`).toString('latin1');
      splitter.write(`${chunk}\n${'rest of a line that is not complete '.repeat(2)}`, 'latin1');
      return splitter;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const grown = used() - before;
    expect(splitters).to.have.length(1000);
    expect(grown).to.be.below(32 * MIB);
  });
});

describe('splitLines(): the limit', () => {
  const line = 'abcdefghij';
  const cases: [string, string[], string[]][] = [
    ['accepts a line of the maximum length in one chunk', [`${line}\n`], [line]],
    ['accepts a line of the maximum length in several chunks', ['abc', 'defghij', '\n'], [line]],
    ['rejects a line of one byte more in one chunk', [`${line}k\n`], [TOO_LONG]],
    ['rejects a line of one byte more in several chunks', [line, 'k', '\n'], [TOO_LONG]],
    ['rejects a line of one byte more that ends in a later chunk', [line, 'k\nnext\n'], [TOO_LONG]],
    ['rejects a line that is too long before it ends', [`${line}k`], [TOO_LONG]],
    ['emits the lines before it in the same chunk', [`a\nb\n${line}k\nc\n`], ['a', 'b', TOO_LONG]],
    ['emits the lines before it if it does not end', [`a\nb\n${line}k`], ['a', 'b', TOO_LONG]],
    [
      'emits a line before it that began in an earlier chunk',
      ['abc', `defghij\nb\n${line}k\nc`],
      [line, 'b', TOO_LONG],
    ],
    ['emits nothing after it', [`${line}k\nc\n`, 'd\n', 'e\n'], [TOO_LONG]],
    ['drops an incomplete line of the maximum length', [`a\n${line}`], ['a']],
  ];
  for (const [title, chunks, expected] of cases) {
    it(title, async () => expect(await split(chunks, line.length)).to.deep.equal(expected));
  }
});
