import { expect } from 'chai';
import type { Destination } from '../../lib/fanout/destination.js';
import type { TimeMark } from '../../lib/protocol/time.js';
import { fakeEnvironment } from '../support/fake-environment.js';
import { Inbox } from '../support/inbox.js';
import { random } from '../support/random.js';
import { createTestRelay, join } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { relayed } from '../support/wire.js';

/** Records what it receives and the time of each byte. Takes one block and waits, until it is opened. */
class TimedDestination implements Destination {
  readonly wantsTimes = true;
  readonly inbox = new Inbox();
  readonly times: number[] = [];
  readonly maxBytes: number;
  #isOpen = false;
  #done: (() => void) | undefined;

  constructor(maxBytes = 256) {
    this.maxBytes = maxBytes;
  }

  send(bytes: readonly Buffer[], done: () => void, times: readonly TimeMark[] = []): void {
    const block = Buffer.concat(bytes);
    const start = this.times.length;
    expect(times[0]?.at).to.equal(0);
    for (const { at, time } of times) {
      this.times.length = start + at;
      for (let i = at; i < block.length; i++) this.times.push(time);
    }
    this.inbox.push(block);
    if (this.#isOpen) done();
    else this.#done = done;
  }

  open(): void {
    this.#isOpen = true;
    this.#done?.();
  }

  finish(): void {}
  fail(): void {}
}

describe('a destination that wants times', () => {
  for (const [where, options] of [
    ['in memory', {}],
    ['on disk', { memoryBytes: 1024 }],
  ] as const) {
    it(`receives the time at which each byte was sent, however late it reads a backlog ${where}`, async () => {
      const world = fakeEnvironment();
      const relay = createTestRelay({ segmentBytes: 256, environment: world, ...options });
      const sender = await join(relay);
      const late = [undefined, 1, 100, 1000].map((maxBytes) => new TimedDestination(maxBytes));
      for (const destination of late) relay.addReader(destination);
      const live = new TimedDestination();
      live.open();
      relay.addReader(live);
      const next = random(11);
      let text = '';
      const expected: number[] = [];
      for (let i = 0; i < 300; i++) {
        const line = 'x'.repeat(Math.floor(next() * 400));
        const rendered = relayed(sender.id, line);
        text += rendered;
        for (let j = 0; j < rendered.length; j++) expected.push(world.clock.date());
        sender.send(`${line}\n`);
        await live.inbox.exactly(Buffer.from(text));
        if (i % 3 === 0) world.clock.advance(Math.floor(next() * 10));
      }
      if (where === 'on disk') await eventually('a spill', () => relay.stats().diskBytes > 0);
      for (const destination of late) {
        destination.open();
        await destination.inbox.exactly(Buffer.from(text));
        expect(destination.times).to.deep.equal(expected);
      }
    });
  }
});
