import { expect } from 'chai';
import { FlowControl } from '../../lib/fanout/flow-control.js';
import { MessageLog } from '../../lib/fanout/message-log.js';
import { Pager } from '../../lib/fanout/pager.js';
import { Segment } from '../../lib/fanout/segment.js';
import { Spill } from '../../lib/fanout/spill.js';
import { DuplexSink } from '../../lib/sinks/duplex-sink.js';
import { addCleanup } from '../support/cleanup.js';
import { campaign } from './campaign.js';
import { play } from './play.js';

/** Replaces a method until the test ends. */
function replace<T extends object, K extends keyof T>(prototype: T, name: K, method: T[K]): void {
  const original = prototype[name];
  prototype[name] = method;
  addCleanup(() => {
    prototype[name] = original;
  });
}

function echoToSender(): void {
  replace(Segment.prototype, 'collectOwners', () => {});
}

function neverFree(): void {
  replace(MessageLog.prototype, 'advance', () => {});
}

function freeTooEarly(): void {
  const { advance } = MessageLog.prototype;
  replace(MessageLog.prototype, 'advance', function (this: MessageLog, from, to) {
    advance.call(this, from, to + this.segmentBytes);
  });
}

function ignoreFullDisk(): void {
  const isFull = Object.getOwnPropertyDescriptor(Pager.prototype, 'isFull') as PropertyDescriptor;
  Object.defineProperty(Pager.prototype, 'isFull', { ...isFull, get: () => false });
  addCleanup(() => void Object.defineProperty(Pager.prototype, 'isFull', isFull));
}

/** Memory of a write that the kernel has taken in part is not kept. */
function forgetPartialWrites(): void {
  const { release } = MessageLog.prototype;
  const unheld = new Map<unknown, number>();
  replace(MessageLog.prototype, 'hold', ({ segments }) => {
    unheld.set(segments, (unheld.get(segments) ?? 0) + 1);
  });
  replace(MessageLog.prototype, 'release', function (this: MessageLog, block) {
    const count = unheld.get(block.segments) ?? 0;
    if (count === 0) release.call(this, block);
    else unheld.set(block.segments, count - 1);
  });
}

/** A write that the kernel has taken in part is taken for a whole one. */
function trustPartialWrites(): void {
  const { offer } = DuplexSink.prototype;
  replace(DuplexSink.prototype, 'offer', function (this: DuplexSink, bytes) {
    offer.call(this, bytes);
    return true;
  });
}

function stopNotifyingReaders(): void {
  const { notifyOnce } = MessageLog.prototype;
  replace(MessageLog.prototype, 'notifyOnce', function (this: MessageLog, follower) {
    if (this.end < 200) notifyOnce.call(this, follower);
  });
}

function forgetWaitingSenders(): void {
  replace(FlowControl.prototype, 'throttle', function (this: FlowControl, _client, resume) {
    if (this.clientReaders.size < 3) resume();
  });
}

function damageReads(): void {
  const { read } = Spill.prototype;
  replace(Spill.prototype, 'read', async function (this: Spill, location, into, start) {
    await read.call(this, location, into, start);
    if (start === 0) into[0] = 64;
  });
}

describe('a simulated room', () => {
  // The seed is fixed, so that a change is judged by its effect. npm run test:sim plays new schedules.
  it('keeps its promises in 500 schedules', async () => {
    const { failure } = await campaign({ runs: 500, seed: 42 });
    expect(failure).to.equal(null);
  });
});

describe('the simulation', () => {
  for (const [damage, breakRelay, violation] of [
    ['messages are sent back to their sender', echoToSender, /differ at byte/],
    ['segments are never freed', neverFree, /without a reader|broken invariant|end of a full disk/],
    ['segments are freed too early', freeTooEarly, /broken invariant/],
    ['memory of a write in progress is reused', forgetPartialWrites, /differ at byte/],
    ['a write in progress is taken for a complete one', trustPartialWrites, /differ at byte/],
    ['senders do not wait for a full or slow disk', ignoreFullDisk, /are in memory, at most/],
    ['readers are not notified', stopNotifyingReaders, /does not come to rest/],
    [
      'waiting senders are forgotten',
      forgetWaitingSenders,
      /does not come to rest|does not end|were relayed/,
    ],
    ['segments are damaged on disk', damageReads, /differ at byte/],
  ] as const) {
    it(`finds out within 2,000 schedules if ${damage}`, async () => {
      breakRelay();
      const { failure } = await play({ runs: 2000, seed: 10, skipsShrinking: true });
      expect(failure).to.match(violation);
    });
  }

  for (const [damage, breakRelay, violation] of [
    ['segments are freed too early', freeTooEarly, /broken invariant/],
    ['segments are damaged on disk', damageReads, /differ at byte/],
  ] as const) {
    it(`shortens a failing schedule, and plays it again by its path, if ${damage}`, async () => {
      breakRelay();
      const first = await play({ runs: 2000, seed: 10, skipsShrinking: true });
      const { failure } = await play({ runs: 2000, seed: 10 });
      expect(failure).to.match(violation);
      const steps = (text: string | null): number => text?.match(/^\d+\. /gm)?.length ?? 0;
      expect(steps(failure)).to.be.within(1, steps(first.failure));
      const [, seed, path] = /--seed (\d+) --path (\S+)$/.exec(failure ?? '') ?? [];
      const again = await play({ runs: 2000, seed: Number(seed), path: path as string });
      expect(again.failure?.split('\n')[0]).to.match(violation);
    });
  }

  it('reports a path that does not lead to a schedule', async () => {
    const { failure } = await play({ runs: 1, seed: 1, path: '0:99999' });
    expect(failure).to.match(/^no schedule was played: the path 0:99999 does not exist for seed 1/);
  });
});
