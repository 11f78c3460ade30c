import { expect } from 'chai';
import {
  CONNECTED,
  createFrameReader,
  encodeFrame,
  headOf,
  LEFT,
  LINES,
  textOf,
} from '../../bench/many-cores/frames.js';
import { parseStat, sumUsage } from '../../bench/many-cores/usage.js';

/** Divides the bytes into chunks of this size, and returns the frames that a reader finds. */
function readInChunks(bytes: Buffer, size: number): [kind: number, client: number, text: string][] {
  const found: [number, number, string][] = [];
  const read = createFrameReader((frame) => {
    const { kind, client } = headOf(frame);
    found.push([kind, client, textOf(frame)]);
  });
  for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
  return found;
}

describe('frames between the sequencer and its writers', () => {
  const frames: [number, number, string][] = [
    [CONNECTED, 0, ''],
    [LINES, 0, 'a\n\u00ff\r'],
    [LINES, 2 ** 32 - 1, 'x'.repeat(1000)],
    [LEFT, 7, ''],
  ];
  const bytes = Buffer.concat(frames.map(([kind, client, text]) => encodeFrame(kind, client, text)));

  it('are read back unchanged, however the bytes are divided into chunks', () => {
    for (let size = 1; size <= bytes.length; size++) {
      expect(readInChunks(bytes, size), `chunks of ${size} bytes`).to.deep.equal(frames);
    }
  });

  it('are not reported before their last byte', () => {
    const whole = encodeFrame(LINES, 1, 'abc');
    expect(readInChunks(whole.subarray(0, -1), 4)).to.deep.equal([]);
  });
});

describe('usage of processes', () => {
  it('is read from the fields behind the name, which may contain brackets and spaces', () => {
    const stat = `12 (a) b (c) S ${Array.from({ length: 40 }, (_, i) => i + 1).join(' ')}`;
    const { user, system } = parseStat(stat);
    expect(user).to.be.closeTo(0.11, 1e-9);
    expect(system).to.be.closeTo(0.12, 1e-9);
  });

  it('is the difference of two times and the memory of the second', () => {
    const before = { user: 1, system: 2, memory: 50 };
    const after = { user: 1.5, system: 4, memory: 70 };
    expect(sumUsage([after, after], [before, before])).to.deep.equal({ user: 1, system: 4, memory: 140 });
  });
});
