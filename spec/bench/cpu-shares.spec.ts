import { expect } from 'chai';
import { CATEGORY_NAMES, cpuShares, type Profile, REST } from '../../bench/cpu-shares.js';

const FRAMES: readonly [functionName: string, url: string][] = [
  ['(idle)', ''],
  ['writev', ''],
  ['tag', 'file:///x/lib/protocol/render.ts'],
  ['latin1Slice', ''],
  ['append', 'file:///x/lib/fanout/message-log.ts'],
  ['write', 'node:internal/streams/writable'],
  ['transform', 'file:///x/node_modules/split2/index.js'],
  ['(garbage collector)', ''],
  ['(program)', ''],
];

function profileOf(samples: readonly number[]): Profile {
  return {
    nodes: FRAMES.map(([functionName, url], id) => ({
      id,
      callFrame: { functionName, url, lineNumber: 0, columnNumber: 0 },
    })),
    samples,
    timeDeltas: samples.map(() => 10),
  };
}

const shares = (samples: readonly number[], skipUs = 0) =>
  cpuShares(profileOf(samples), skipUs, (url) => url);

describe('cpuShares()', () => {
  it('divides the busy time among the parts of the relay', () => {
    const found = shares([...FRAMES.keys()]);
    for (const name of CATEGORY_NAMES.filter((each) => !each.startsWith('through2')))
      expect(found.get(name), name).to.equal(1 / 8);
  });

  it('ignores idle time and the time before the load', () => {
    const found = shares([8, 8, 0, 0, 1, 8], 25);
    expect(found.get('writes to sockets')).to.equal(0.5);
    expect(found.get(REST)).to.equal(0.5);
  });

  it('is zero for a thread that was only idle', () => {
    expect(shares([0, 0]).get(REST)).to.equal(0);
  });
});
