import { expect } from 'chai';
import { LineBatch } from '../../lib/protocol/line-batch.js';
import { BLOCK_BYTES, encode, type Line, toMessages } from '../../lib/protocol/message.js';
import { random } from '../support/random.js';

/** Bytes as a latin1 string, which is how the core carries them. */
const bytes = (...values: number[]): string => String.fromCharCode(...values);
const lines = (block: string): Line[] => toMessages(0, block) as unknown as Line[];

function together(messages: readonly Line[]): string {
  const batch = new LineBatch();
  for (const message of messages) batch.add(message);
  return batch.take();
}

describe('lines that have come out of the transforms', () => {
  it('are one block of bytes', () => {
    expect(together([{ text: 'a' }, { text: '' }, { text: 'für' }])).to.equal(`a\n\n${encode('für')}`);
    expect(together([{ text: '' }])).to.equal('');
  });

  it('are in the order in which they came, whether their text holds their bytes or not', () => {
    const chance = random(5);
    for (let round = 0; round < 500; round++) {
      const block = bytes(
        ...Array.from({ length: 60 }, () => (chance() < 0.2 ? 10 : 32 + Math.floor(chance() * 224))),
      );
      expect(together(lines(block))).to.equal(block);
    }
  });

  it('are counted from their first character, an empty one too', () => {
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

  it('are taken down at once: the object may be used again for the next', () => {
    const batch = new LineBatch();
    const message = { text: 'a' };
    batch.add(message);
    message.text = 'b';
    batch.add(message);
    expect(batch.take()).to.equal('a\nb');
  });

  it('do not join the halves of a character across a newline', () => {
    expect(together([{ text: 'a\ud83d' }, { text: '\ude80b' }])).to.equal(encode('a\ufffd\n\ufffdb'));
  });

  it('may be long', () => {
    const long = 'ü'.repeat(BLOCK_BYTES + 1);
    expect(together([{ text: 'a' }, { text: long }, { text: 'b' }]) === `a\n${encode(long)}\nb`).to.equal(
      true,
    );
  });
});
