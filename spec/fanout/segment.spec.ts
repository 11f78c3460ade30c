import { expect } from 'chai';
import { Segment } from '../../lib/fanout/segment.js';
import { SegmentIndex } from '../../lib/fanout/segment-index.js';

const empty = (bytes: number): Segment =>
  new Segment(0, { bytes: Buffer.alloc(bytes), index: new SegmentIndex() });

/** A segment in which owners 0 and 1 have taken turns to write `runs` texts of `length` bytes: `a00`, `b01`, `a02`, … */
function alternating(runs: number, length = 3): { segment: Segment; bytes: Buffer } {
  const bytes = Buffer.alloc(runs * length + 4096);
  const segment = new Segment(0, { bytes, index: new SegmentIndex() });
  for (let i = 0; i < runs; i++) segment.append(i % 2, textOfRun(i, length), 0, 0);
  return { segment, bytes };
}

function textOfRun(run: number, length: number): string {
  return `${run % 2 === 0 ? 'a' : 'b'}${String(run).padStart(2, '0')}`.padEnd(length, '.');
}

const textOf = (pieces: readonly Buffer[]): string[] => pieces.map((piece) => piece.toString());

describe('Segment', () => {
  it('appends as much of a text as fits', () => {
    expect(empty(5).append(0, 'abcdefgh', 0, 0)).to.equal(5);
    const next = empty(5);
    expect(next.append(0, 'abcdefgh', 5, 0)).to.equal(3);
    expect(textOf([next.slice(0, 3)])).to.deep.equal(['fgh']);
  });

  it('returns the bytes of all owners but one, without empty pieces', () => {
    const { segment } = alternating(4);
    expect(textOf(segment.slicesWithout(0, 0, 12))).to.deep.equal(['b01b03']);
    expect(textOf(segment.slicesWithout(1, 0, 12))).to.deep.equal(['a00a02']);
    expect(textOf(segment.slicesWithout(0, 1, 8))).to.deep.equal(['b01']);
    expect(textOf(segment.slicesWithout(1, 1, 8))).to.deep.equal(['00a0']);
    expect(textOf(segment.slicesWithout(0, 4, 5))).to.deep.equal(['0']);
    expect(textOf(segment.slicesWithout(1, 3, 6))).to.deep.equal([]);
    expect(textOf(segment.slicesWithout(7, 2, 10))).to.deep.equal(['0b01a02b']);
  });

  it('shares its memory for one piece, and for up to 32 large pieces', () => {
    const { segment, bytes } = alternating(64, 600);
    const [single] = segment.slicesWithout(0, 0, 1200);
    expect(single?.buffer).to.equal(bytes.buffer);
    const pieces = segment.slicesWithout(0, 0, 64 * 600);
    expect(pieces).to.have.length(32);
    for (const piece of pieces) expect(piece.buffer).to.equal(bytes.buffer);
  });

  it('copies more than 32 pieces, or several small pieces, into one', () => {
    for (const [runs, length] of [
      [66, 600],
      [54, 600],
      [4, 3],
    ] as const) {
      const { segment, bytes } = alternating(runs, length);
      const pieces = segment.slicesWithout(0, 0, runs * length);
      const expected = Array.from({ length: runs / 2 }, (_, i) => textOfRun(2 * i + 1, length));
      expect(textOf(pieces)).to.deep.equal([expected.join('')]);
      expect(pieces[0]?.buffer).not.to.equal(bytes.buffer);
    }
  });

  it('collects the owners of a range of bytes', () => {
    const { segment } = alternating(4);
    const owners = (from: number, to: number, known: number[] = []): number[] => {
      const found = new Set(known);
      segment.collectOwners(from, to, found);
      return [...found];
    };
    expect(owners(0, 12)).to.deep.equal([0, 1]);
    expect(owners(0, 3)).to.deep.equal([0]);
    expect(owners(3, 6)).to.deep.equal([1]);
    expect(owners(5, 7)).to.deep.equal([1, 0]);
    expect(owners(0, 1, [7])).to.deep.equal([7, 0]);
  });

  it('has no content after its content was released, and uses the content that replaces it', () => {
    const { segment, bytes } = alternating(4);
    expect(segment.releaseContent()?.bytes).to.equal(bytes);
    expect(segment.content).to.equal(null);
    expect(segment.releaseContent()).to.equal(null);
    segment.content = { bytes: Buffer.from('other bytes!'), index: new SegmentIndex() };
    expect(textOf([segment.slice(0, 12)])).to.deep.equal(['other bytes!']);
  });
});
