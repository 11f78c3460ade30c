import { expect } from 'chai';
import { LineBatch } from '../../lib/protocol/line-batch.js';
import { BLOCK_BYTES, encode, type Line, toMessages } from '../../lib/protocol/message.js';
import { random } from '../support/random.js';

/** Bytes as a latin1 string, as the core passes them on. */
const bytes = (...values: number[]): string => String.fromCharCode(...values);

function batch(lines: readonly Line[]): string {
  const batch = new LineBatch();
  for (const line of lines) batch.add(line);
  return batch.take();
}

describe('LineBatch', () => {
  it('returns its lines as one block of bytes', () => {
    expect(batch([{ text: 'a' }, { text: '' }, { text: 'für' }])).to.equal(`a\n\n${encode('für')}`);
    expect(batch([{ text: '' }])).to.equal('');
  });

  it('keeps the order of lines with and without original bytes', () => {
    const chance = random(5);
    for (let round = 0; round < 500; round++) {
      const block = bytes(
        ...Array.from({ length: 60 }, () => (chance() < 0.2 ? 10 : 32 + Math.floor(chance() * 224))),
      );
      expect(batch(toMessages(0, block) as unknown as Line[])).to.equal(block);
    }
  });

  it('counts a newline for each line, also for an empty line, and is empty after take()', () => {
    const batch = new LineBatch();
    expect(batch.size).to.equal(0);
    batch.add({ text: '' });
    batch.add({ text: 'abc' });
    expect(batch.size).to.equal(5);
    batch.take();
    expect(batch.size).to.equal(0);
    batch.add({ text: 'next' });
    expect(batch.take()).to.equal('next');
  });

  it('reads the text at once, so that the caller may reuse the object', () => {
    const batch = new LineBatch();
    const line = { text: 'a' };
    batch.add(line);
    line.text = 'b';
    batch.add(line);
    expect(batch.take()).to.equal('a\nb');
  });

  it('does not join the halves of a surrogate pair across a newline', () => {
    expect(batch([{ text: 'a\ud83d' }, { text: '\ude80b' }])).to.equal(encode('a\ufffd\n\ufffdb'));
  });

  it('accepts a line that is longer than a block', () => {
    const long = 'ü'.repeat(BLOCK_BYTES + 1);
    expect(batch([{ text: 'a' }, { text: long }, { text: 'b' }]) === `a\n${encode(long)}\nb`).to.equal(true);
  });
});
