import { expect } from 'chai';
import * as list from '../../lib/util/buffer-list.js';

const TEXT = 'one\ntwo\n\nrest';

/** All divisions of the text into two or three buffers. */
function* divisions(): Generator<Buffer[]> {
  const all = Buffer.from(TEXT);
  for (let first = 0; first <= all.length; first++) {
    for (let second = first; second <= all.length; second++) {
      yield [all.subarray(0, first), all.subarray(first, second), all.subarray(second)];
    }
  }
}

const textOf = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();

describe('a list of buffers', () => {
  it('has the length, the first bytes and the other bytes of the whole, however it is divided', () => {
    for (const chunks of divisions()) {
      expect(list.byteLength(chunks)).to.equal(TEXT.length);
      for (let count = 0; count <= TEXT.length; count++) {
        expect(textOf(list.takeBytes(chunks, count))).to.equal(TEXT.slice(0, count));
        expect(textOf(list.dropBytes(chunks, count))).to.equal(TEXT.slice(count));
      }
    }
  });

  it('has the line ends of the whole, however it is divided', () => {
    for (const chunks of divisions()) {
      const ends = [0, 1, 2, 3, 4].map((nth) => list.findLineEnd(chunks, nth));
      expect(ends).to.deep.equal([0, 4, 8, 9, -1]);
      expect(list.countLines(chunks)).to.equal(3);
      for (let count = 0; count <= TEXT.length; count++) {
        const head = TEXT.slice(0, count);
        expect(list.countLines(chunks, count)).to.equal(head.split('\n').length - 1);
        expect(list.findLastLineEnd(chunks, count)).to.equal(head.lastIndexOf('\n') + 1);
      }
    }
  });
});
