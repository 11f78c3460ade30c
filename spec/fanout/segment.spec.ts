import { expect } from 'chai';
import { Runs } from '../../lib/fanout/runs.js';
import { Segment } from '../../lib/fanout/segment.js';
import { Times } from '../../lib/fanout/times.js';

/** A segment in which owners 0, 1, 0, 1, … have said three bytes each (or more), as many times as asked. */
function segment(runs: number, length = 3): { segment: Segment; bytes: Buffer } {
  const bytes = Buffer.alloc(runs * length + 4096);
  const made = new Segment(0, { bytes, runs: new Runs(), times: new Times() });
  for (let i = 0; i < runs; i++)
    made.append(i % 2, `${i % 2 === 0 ? 'a' : 'b'}${String(i).padStart(2, '0')}`.padEnd(length, '.'), 0, 0);
  return { segment: made, bytes };
}

const textOf = (pieces: readonly Buffer[]): string[] => pieces.map((piece) => piece.toString());

describe('a segment', () => {
  it('takes as much of a text as there is room for', () => {
    const made = new Segment(0, { bytes: Buffer.alloc(5), runs: new Runs(), times: new Times() });
    expect(made.append(0, 'abcdefgh', 0, 0)).to.equal(5);
    const next = new Segment(1, { bytes: Buffer.alloc(5), runs: new Runs(), times: new Times() });
    expect(next.append(0, 'abcdefgh', 5, 0)).to.equal(3);
    expect(textOf([next.slice(0, 3)])).to.deep.equal(['fgh']);
  });

  it('gives what is not the owner’s, and no empty pieces', () => {
    const { segment: made } = segment(4);
    expect(textOf(made.slices(0, 12, 0))).to.deep.equal(['b01b03']);
    expect(textOf(made.slices(0, 12, 1))).to.deep.equal(['a00a02']);
    expect(textOf(made.slices(1, 8, 0))).to.deep.equal(['b01']);
    expect(textOf(made.slices(1, 8, 1))).to.deep.equal(['00a0']);
    expect(textOf(made.slices(4, 5, 0))).to.deep.equal(['0']);
    expect(textOf(made.slices(3, 6, 1))).to.deep.equal([]);
    expect(textOf(made.slices(2, 10, 7))).to.deep.equal(['0b01a02b']);
  });

  it('shares one piece, and up to 32 larger ones', () => {
    const { segment: made, bytes } = segment(64, 600);
    const [one] = made.slices(0, 1200, 0);
    expect(one?.buffer).to.equal(bytes.buffer);
    const few = made.slices(0, 64 * 600, 0);
    expect(few).to.have.length(32);
    for (const piece of few) expect(piece.buffer).to.equal(bytes.buffer);
  });

  it('copies more pieces than that into one, and a few small ones', () => {
    for (const [runs, length] of [
      [66, 600],
      [54, 600],
      [4, 3],
    ] as const) {
      const { segment: made, bytes } = segment(runs, length);
      const pieces = made.slices(0, runs * length, 0);
      const odd = Array.from({ length: runs / 2 }, (_, i) =>
        `b${String(2 * i + 1).padStart(2, '0')}`.padEnd(length, '.'),
      );
      expect(textOf(pieces)).to.deep.equal([odd.join('')]);
      expect(pieces[0]?.buffer).not.to.equal(bytes.buffer);
    }
  });

  it('tells whose some bytes are', () => {
    const { segment: made } = segment(4);
    const owners = (from: number, to: number): number[] => {
      const those = new Set<number>();
      made.addOwners(from, to, those);
      return [...those];
    };
    expect(owners(0, 12)).to.deep.equal([0, 1]);
    expect(owners(0, 3)).to.deep.equal([0]);
    expect(owners(3, 6)).to.deep.equal([1]);
    expect(owners(5, 7)).to.deep.equal([1, 0]);
    const those = new Set([7]);
    made.addOwners(0, 1, those);
    expect([...those]).to.deep.equal([7, 0]);
  });

  it('gives its memory back, and nothing of it after that', () => {
    const { segment: made, bytes } = segment(4);
    expect(made.release()?.bytes).to.equal(bytes);
    expect(made.content).to.equal(null);
    expect(made.release()).to.equal(null);
    made.content = { bytes: Buffer.from('other bytes!'), runs: new Runs(), times: new Times() };
    expect(textOf([made.slice(0, 12)])).to.deep.equal(['other bytes!']);
  });
});
