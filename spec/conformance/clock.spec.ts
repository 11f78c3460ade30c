import { expect } from 'chai';
import { Clock, Stopped } from '../../lib/conformance/clock.js';
import { Undecided } from '../../lib/conformance/failure.js';
import type { Machine } from '../../lib/conformance/machine.js';
import { activity, readThreads } from '../../lib/conformance/threads.js';
import { addCleanup } from '../support/cleanup.js';
import { within } from '../support/waiting.js';

const NEVER = new Promise<never>(() => {});

/** Returns a clock on a machine that answers as told. It counts how often it was asked. */
function clockWith(answers: (question: number) => boolean): { clock: Clock; questions: () => number } {
  let asked = 0;
  const machine = { answersWithin: async () => answers(++asked) } as unknown as Machine;
  const clock = new Clock(1000, machine);
  addCleanup(() => clock.close());
  return { clock, questions: () => asked };
}

/** Lets the time of this process pass faster. */
function accelerate(factor: number): void {
  const now = performance.now.bind(performance);
  performance.now = () => now() * factor;
  addCleanup(() => {
    performance.now = now;
  });
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  within(
    promise.then(() => undefined).catch((error: unknown) => error),
    'the end of the wait',
  );

describe('Clock', () => {
  it('returns the value of a promise that settles in time, without asking the machine', async () => {
    const { clock, questions } = clockWith(() => true);
    expect(await clock.within(Promise.resolve(7), 1000)).to.equal(7);
    expect(await clock.eventually(() => true, 1000)).to.equal(true);
    expect(questions()).to.equal(0);
  });

  it('ends a wait only after its limit', async () => {
    const { clock } = clockWith(() => true);
    const start = performance.now();
    expect(await clock.within(NEVER, 120)).to.equal(undefined);
    expect(performance.now() - start).to.be.at.least(119);
    expect(await clock.eventually(() => false, 1)).to.equal(false);
  });

  it('extends a limit until the machine answers', async () => {
    const { clock, questions } = clockWith((question) => question === 4);
    expect(await clock.within(NEVER, 1)).to.equal(undefined);
    expect(questions()).to.equal(4);
  });

  it('is undecided if the machine does not answer for half a minute', async () => {
    const { clock } = clockWith(() => false);
    accelerate(20);
    expect(await caught(clock.within(NEVER, 1))).to.be.instanceOf(Undecided);
  });

  it('does not count time in which the kit itself did not run', async () => {
    const { clock } = clockWith(() => true);
    accelerate(1000);
    const start = performance.now();
    expect(await clock.within(NEVER, 300)).to.equal(undefined);
    expect(performance.now() - start).to.be.at.least(100_000);
  });

  it('ends all waits when it is stopped, and begins no others', async () => {
    const { clock } = clockWith(() => true);
    const waits = [clock.within(NEVER, 60_000), clock.eventually(() => false, 60_000)];
    clock.stop();
    for (const wait of waits) expect(await caught(wait)).to.be.instanceOf(Stopped);
    expect(await caught(clock.within(Promise.resolve(1), 1))).to.be.instanceOf(Stopped);
  });

  it('ends the waits of a case when its time is over', async () => {
    const { clock } = clockWith(() => true);
    expect(clock.isOver).to.equal(false);
    await clock.within(NEVER, 1);
    expect(await clock.beforeDeadline(NEVER, 1)).to.equal(undefined);
  });
});

describe('activity()', () => {
  it('adds what all threads have run, and returns the waiting time of the one that ran longest', () => {
    const before = new Map([
      ['1', { runMs: 10, waitMs: 100 }],
      ['2', { runMs: 10, waitMs: 200 }],
    ]);
    const after = new Map([
      ['1', { runMs: 15, waitMs: 107 }],
      ['2', { runMs: 11, waitMs: 290 }],
      ['3', { runMs: 90, waitMs: 900 }],
    ]);
    expect(activity(before, after)).to.deep.equal({ runMs: 6, waitMs: 7 });
    expect(activity(new Map(), after)).to.deep.equal({ runMs: 0, waitMs: 0 });
  });
});

describe('readThreads()', () => {
  it('reads how long this process has run', function () {
    if (process.platform !== 'linux') this.skip();
    const before = readThreads(process.pid);
    const start = performance.now();
    while (performance.now() - start < 20);
    const { runMs, waitMs } = activity(before, readThreads(process.pid));
    expect(runMs + waitMs).to.be.above(0);
  });

  it('returns nothing for a process that has ended', () => {
    expect(readThreads(2 ** 22 + 1).size).to.equal(0);
  });
});
