import { expect } from 'chai';
import { type TimeMark, Times, timeAt } from '../../lib/fanout/times.js';
import type { Destination } from '../../lib/index.js';
import { Inbox } from '../support/inbox.js';
import { random } from '../support/random.js';
import { join, room } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { said } from '../support/wire.js';
import { fakeWorld } from '../support/world.js';

/** Takes a block when told to; keeps what it was given, and when each byte of it was said. */
class Timed implements Destination {
  readonly wantsTimes = true;
  readonly inbox = new Inbox();
  readonly times: number[] = [];
  open = true;
  readonly maxBytes: number;
  #next: (() => void) | undefined;

  constructor(most = 256) {
    this.maxBytes = most;
  }

  send(bytes: readonly Buffer[], done: () => void, times: readonly TimeMark[] = []): void {
    const all = Buffer.concat(bytes);
    const start = this.times.length;
    expect(times[0]?.at).to.equal(0);
    for (const { at, time } of times) {
      this.times.length = start + at;
      for (let i = at; i < all.length; i++) this.times.push(time);
    }
    this.inbox.push(all);
    if (this.open) done();
    else this.#next = done;
  }

  go(): void {
    this.open = true;
    this.#next?.();
  }

  finish(): void {}
  fail(): void {}
}

describe('the time of a place in a block', () => {
  it('is that of the last mark before it', () => {
    const marks = [
      { at: 0, time: 100 },
      { at: 20, time: 105 },
    ];
    expect(timeAt(marks, 0)).to.equal(100);
    expect(timeAt(marks, 19)).to.equal(100);
    expect(timeAt(marks, 20)).to.equal(105);
    expect(timeAt(marks, 1000)).to.equal(105);
    expect(timeAt([], 0)).to.equal(undefined);
  });
});

describe('times', () => {
  it('are not made up for what has not been said', () => {
    const times = new Times();
    times.add(100, 10);
    expect(times.marks(0, 20, 0)).to.deep.equal([{ at: 0, time: 100 }]);
  });

  it('are the marks of any part of a segment', () => {
    const times = new Times();
    times.add(100, 10);
    times.add(100, 20);
    times.add(105, 30);
    times.add(90, 40);
    expect(times.count).to.equal(3);
    expect(times.marks(0, 40, 0)).to.deep.equal([
      { at: 0, time: 100 },
      { at: 20, time: 105 },
      { at: 30, time: 90 },
    ]);
    expect(times.marks(19, 21, 500)).to.deep.equal([
      { at: 500, time: 100 },
      { at: 501, time: 105 },
    ]);
    expect(times.marks(20, 30, 0)).to.deep.equal([{ at: 0, time: 105 }]);
    expect(Times.fromBytes(times.toBytes()).marks(0, 40, 0)).to.deep.equal(times.marks(0, 40, 0));
  });

  for (const [where, options] of [
    ['in memory', {}],
    ['on disk', { memoryBytes: 1024 }],
  ] as const) {
    it(`are those of the saying for a reader that lags, its backlog being ${where}`, async () => {
      const world = fakeWorld();
      const relay = room({ segmentBytes: 256, environment: world, ...options });
      const speaker = await join(relay);
      const destinations = [undefined, 1, 100, 1000].map((most) => new Timed(most));
      for (const destination of destinations) {
        destination.open = false;
        relay.addReader(destination);
      }
      const live = new Timed();
      relay.addReader(live);
      const next = random(11);
      let text = '';
      const expected: number[] = [];
      for (let i = 0; i < 300; i++) {
        const line = 'x'.repeat(Math.floor(next() * 400));
        const rendered = said(speaker.id, line);
        text += rendered;
        for (let j = 0; j < rendered.length; j++) expected.push(world.clock.date());
        speaker.send(`${line}\n`);
        await live.inbox.exactly(Buffer.from(text));
        if (i % 3 === 0) world.clock.advance(Math.floor(next() * 10));
      }
      if (where === 'on disk') await eventually('a spill', () => relay.stats().diskBytes > 0);
      for (const destination of destinations) {
        destination.go();
        await destination.inbox.exactly(Buffer.from(text));
        expect(destination.times).to.deep.equal(expected);
      }
    });
  }
});
