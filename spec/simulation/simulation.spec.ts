import { expect } from 'chai';
import { FlowControl } from '../../lib/fanout/flow-control.js';
import { MessageLog } from '../../lib/fanout/message-log.js';
import { Pager } from '../../lib/fanout/pager.js';
import { Segment } from '../../lib/fanout/segment.js';
import { Spill } from '../../lib/fanout/spill.js';
import { afterwards } from '../support/cleanup.js';
import { campaign, play } from './campaign.js';

/** Breaks a method for the length of a test. */
function broken<T extends object, K extends keyof T>(prototype: T, name: K, method: T[K]): void {
  const whole = prototype[name];
  prototype[name] = method;
  afterwards(() => {
    prototype[name] = whole;
  });
}

describe('a room under 10,000 simulated schedules', () => {
  // Always the same ones, so that a change is judged by what it changes; test:sim looks for new ones.
  it('keeps its promises', async () => {
    const { failure } = await campaign({ runs: 10_000, seed: 42 });
    expect(failure).to.equal(null);
  });
});

describe('the simulation', () => {
  const cases: [string, RegExp, () => void][] = [
    [
      'that an echo is sent',
      /heard differs/,
      () => {
        broken(Segment.prototype, 'collectOwners', () => {});
      },
    ],
    [
      'that a segment is never given back',
      /for nobody|broken invariant/,
      () => {
        broken(MessageLog.prototype, 'advance', () => {});
      },
    ],
    [
      'that a segment is given back too early',
      /broken invariant/,
      () => {
        const { advance } = MessageLog.prototype;
        broken(MessageLog.prototype, 'advance', function (this: MessageLog, from, to) {
          advance.call(this, from, to + this.segmentBytes);
        });
      },
    ],
    [
      'that senders do not wait while the disk is full or slow',
      /are in memory, and/,
      () => {
        const { isFull: overfull } = Object.getOwnPropertyDescriptors(Pager.prototype) as Record<
          string,
          PropertyDescriptor
        >;
        Object.defineProperty(Pager.prototype, 'isFull', { ...overfull, get: () => false });
        afterwards(
          () => void Object.defineProperty(Pager.prototype, 'isFull', overfull as PropertyDescriptor),
        );
      },
    ],
    [
      'that readers are not woken',
      /does not come to rest/,
      () => {
        const { notifyOnce } = MessageLog.prototype;
        broken(MessageLog.prototype, 'notifyOnce', function (this: MessageLog, callback) {
          if (this.end < 200) notifyOnce.call(this, callback);
        });
      },
    ],
    [
      'that a waiting sender is forgotten',
      /does not come to rest|does not close|of its/,
      () => {
        broken(FlowControl.prototype, 'throttle', function (this: FlowControl, _client, resume) {
          if (this.clientReaders.size < 3) resume();
        });
      },
    ],
    [
      'that what is read back is damaged',
      /heard differs/,
      () => {
        const { read } = Spill.prototype;
        broken(Spill.prototype, 'read', async function (this: Spill, place, into, start) {
          await read.call(this, place, into, start);
          if (start === 0) into[0] = 64;
        });
      },
    ],
  ];
  for (const [what, message, damage] of cases) {
    it(`finds ${what}, and says how to see it again`, async () => {
      damage();
      const { failure } = await play({ runs: 2000, seed: 10 });
      expect(failure).to.match(message);
      const [, seed, path] = /--seed (\d+) --path (\S+)$/.exec(failure ?? '') ?? [];
      const again = await play({ runs: 2000, seed: Number(seed), path: path as string });
      expect(again.failure?.split('\n')[0]).to.match(message);
    });
  }
});
