import { expect } from 'chai';
import type { Destination } from '../../lib/fanout/destination.js';
import { MessageLog } from '../../lib/fanout/message-log.js';
import { Pager } from '../../lib/fanout/pager.js';
import { Reader, type ReaderOptions } from '../../lib/fanout/reader.js';
import { NO_OWNER } from '../../lib/fanout/segment-index.js';
import { Spill } from '../../lib/fanout/spill.js';
import type { TimeMark } from '../../lib/protocol/time.js';
import { eventually } from '../support/waiting.js';
import { fakeWorld, systemError } from '../support/world.js';

const SEGMENT = 16;

/** Takes blocks when it is told to. */
class Slow implements Destination {
  readonly blocks: string[] = [];
  times: (readonly TimeMark[] | undefined)[] = [];
  finished = 0;
  readonly errors: Error[] = [];
  readonly maxBytes?: number;
  readonly wantsTimes?: boolean;
  done: (error?: Error | null) => void = () => {};

  constructor(options: { maxBytes?: number; wantsTimes?: boolean } = {}) {
    Object.assign(this, options);
  }

  send(bytes: readonly Buffer[], done: (error?: Error | null) => void, times?: readonly TimeMark[]): void {
    this.blocks.push(Buffer.concat(bytes).toString());
    this.times.push(times);
    this.done = done;
  }

  finish(): void {
    this.finished++;
  }

  fail(error: Error): void {
    this.errors.push(error);
  }
}

type Made = Partial<ReaderOptions> & { destination?: Slow; owner?: number };

function made(made: Made = {}, memory = 1e6) {
  const { destination = new Slow(), owner = NO_OWNER, ...options } = made;
  const { clock, fs } = fakeWorld();
  clock.time = 5000;
  const turns: (() => void)[] = [];
  clock.setImmediate = (callback) => void turns.push(callback);
  const silent = { warn: () => {}, onDrain: () => {}, onSpillDrain: () => {} };
  const spill = new Spill({ fs, dir: '/spill', limitBytes: undefined, warn: () => {} });
  const pager = new Pager({ clock, spill, segmentBytes: SEGMENT, memoryBytes: memory, ...silent });
  const log = new MessageLog(SEGMENT, pager, clock);
  const counts = { progressed: 0, done: 0 };
  const failures: Error[] = [];
  const reader = new Reader(destination, owner, {
    log,
    clock,
    onProgress: () => counts.progressed++,
    onError: (error) => failures.push(error),
    onDone: () => counts.done++,
    ...options,
  });
  const say = (text: string, owner = NO_OWNER): void => {
    log.append(owner, text);
    for (let i = 0; i < 2; i++) for (const turn of turns.splice(0)) turn();
  };
  const standing = (ms: number) => reader.progress(clock.time + ms);
  return { clock, fs, pager, log, reader, destination, counts, failures, say, standing };
}

describe('a reader', () => {
  it('has one block in flight, and takes the next when that is taken', () => {
    const { reader, destination, counts, say } = made();
    say('one');
    say('two');
    expect(destination.blocks).to.deep.equal(['one']);
    expect(reader.lagBytes).to.equal(6);
    destination.done();
    expect(reader.lagBytes).to.equal(3);
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    destination.done();
    expect(reader.lagBytes).to.equal(0);
    expect(counts.progressed).to.equal(2);
    say('three');
    expect(destination.blocks).to.deep.equal(['one', 'two', 'three']);
  });

  it('hears of a block that is taken once, whoever says it twice', () => {
    const { reader, destination, counts, say } = made();
    say('one');
    const first = destination.done;
    first();
    first();
    expect(counts.progressed).to.equal(1);
    say('two');
    destination.done();
    destination.done(new Error('too late'));
    expect(counts.done).to.equal(0);
    expect(reader.lagBytes).to.equal(0);
  });

  class Twice extends Slow {
    readonly #answers: readonly (Error | undefined)[];

    constructor(...answers: readonly (Error | undefined)[]) {
      super();
      this.#answers = answers;
    }

    override send(bytes: readonly Buffer[], done: (error?: Error | null) => void): void {
      super.send(bytes, done);
      for (const answer of this.#answers) done(answer);
    }
  }

  it('goes by what is said first, also while it is sending', () => {
    const failed = new Twice(new Error('gone'), undefined);
    const { counts, say } = made({ destination: failed });
    say('one');
    say('two');
    expect(failed.blocks).to.deep.equal(['one']);
    expect(counts).to.include({ progressed: 0, done: 1 });

    const fine = new Twice(undefined, new Error('too late'));
    const other = made({ destination: fine });
    other.say('one');
    other.say('two');
    expect(fine.blocks).to.deep.equal(['one', 'two']);
    expect(other.counts).to.include({ progressed: 2, done: 0 });
  });

  it('takes as much at a time as its destination likes, else a segment', () => {
    const few = new Slow({ maxBytes: 5 });
    const [some, other] = [made(), made({ destination: few })];
    for (const { say } of [some, other]) say('x'.repeat(40));
    expect(some.destination.blocks).to.deep.equal(['x'.repeat(SEGMENT)]);
    expect(few.blocks).to.deep.equal(['xxxxx']);
    expect(other.reader.lagBytes).to.equal(40);
  });

  it('says when its bytes were said to a destination that wants to know, and only to that', () => {
    const timed = new Slow({ wantsTimes: true });
    const one = made({ destination: timed });
    one.say('now');
    expect(timed.times).to.deep.equal([[{ at: 0, time: one.clock.date() }]]);
    const other = made();
    other.say('now');
    expect(other.destination.times).to.deep.equal([undefined]);
  });

  it('sends nothing where all is its own, and is not behind for it', () => {
    const { reader, destination, counts, say } = made({ owner: 7 });
    say('mine', 7);
    expect(destination.blocks).to.deep.equal([]);
    expect(reader.lagBytes).to.equal(0);
    expect(counts.progressed).to.equal(0);
    say('yours', 8);
    expect(destination.blocks).to.deep.equal(['yours']);
  });

  it('needs nothing more of the log when its destination throws or fails, and tells it of what it threw', () => {
    const throwing = new Slow();
    throwing.send = () => {
      throw new Error('oops');
    };
    const one = made({ destination: throwing });
    one.say('x'.repeat(3 * SEGMENT));
    expect(throwing.errors.map(({ message }) => message)).to.deep.equal(['oops']);
    expect([one.counts.done, one.pager.memoryBytes]).to.deep.equal([1, 0]);
    throwing.send = () => {
      throw 'no error';
    };
    const other = made({ destination: throwing });
    other.say('x');
    expect(throwing.errors.at(-1)?.message).to.equal('no error');
    const failing = made();
    failing.say('x'.repeat(3 * SEGMENT));
    failing.destination.done(new Error('gone'));
    expect([failing.counts.done, failing.counts.progressed, failing.pager.memoryBytes]).to.deep.equal([
      1, 0, 0,
    ]);
    expect(failing.destination.errors).to.deep.equal([]);
  });
});

describe('a reader whose destination is done at once', () => {
  const atOnce = (): Slow => {
    const destination = new Slow();
    const { send } = destination;
    destination.send = (...given: Parameters<typeof send>) => {
      send.apply(destination, given);
      destination.done();
    };
    return destination;
  };

  it('goes on at once', () => {
    const { reader, destination, counts, say } = made({ destination: atOnce() });
    say('x'.repeat(3 * SEGMENT));
    expect(destination.blocks).to.have.length(3);
    expect([reader.lagBytes, counts.progressed]).to.deep.equal([0, 3]);
  });

  it('does not take what breaks in the log for a failure of the destination', () => {
    const { destination, say } = made({
      destination: atOnce(),
      onProgress: () => {
        throw new Error('ours');
      },
    });
    expect(() => say('x')).to.throw('ours');
    expect(destination.errors).to.deep.equal([]);
  });
});

describe('a reader that tells nobody', () => {
  it('reads all the same, and ends', async () => {
    const silent = { progressed: undefined, failed: undefined, done: undefined } as unknown as ReaderOptions;
    const one = made(silent);
    one.say('one');
    one.destination.done();
    one.reader.finish();
    expect([one.reader.lagBytes, one.destination.finished]).to.deep.equal([0, 1]);
    const other = made(silent, 4 * SEGMENT);
    other.say('x'.repeat(40 * SEGMENT));
    await eventually('most of it to be on disk', () => other.log.timeAt(30 * SEGMENT) === undefined);
    other.fs.readErrors = Array.from({ length: 1000 }, () => systemError('EIO'));
    await eventually('it to be given up', () => {
      other.clock.advance(1000);
      other.destination.done();
      return other.destination.errors.length > 0;
    });
  });
});

describe('a reader that finishes', () => {
  it('delivers what was said up to then, and nothing that is said later', () => {
    const { reader, destination, counts, say } = made();
    say('one');
    expect(reader.isFinishing).to.equal(false);
    reader.finish();
    expect(reader.isFinishing).to.equal(true);
    say('two');
    reader.finish();
    expect(reader.lagBytes).to.equal(3);
    expect(destination.finished).to.equal(0);
    destination.done();
    expect(destination.blocks).to.deep.equal(['one']);
    expect([destination.finished, counts.done]).to.deep.equal([1, 1]);
  });

  it('does so at once where it has had everything, and once', () => {
    const { reader, destination, counts, say } = made();
    say('one');
    destination.done();
    reader.finish();
    expect([destination.finished, counts.done]).to.deep.equal([1, 1]);
    reader.finish();
    reader.stop();
    say('two');
    expect([destination.finished, counts.done]).to.deep.equal([1, 1]);
    expect(destination.blocks).to.deep.equal(['one']);
  });
});

describe('a reader that is stopped', () => {
  it('delivers nothing more, and what was in flight is given back', () => {
    const { reader, destination, counts, pager, say } = made();
    say('x'.repeat(3 * SEGMENT));
    reader.stop();
    reader.stop();
    reader.finish();
    expect(counts.done).to.equal(1);
    expect(pager.memoryBytes).to.equal(0);
    destination.done();
    say('y');
    expect(destination.blocks).to.have.length(1);
    expect([counts.progressed, destination.finished]).to.deep.equal([0, 0]);
  });
});

describe('what a reader misses', () => {
  it('is what is neither delivered nor in flight, with the times of its first and last byte', () => {
    const { reader, destination, clock, say } = made();
    expect(reader.missing).to.deep.equal({ bytes: 0, from: undefined, to: 0 });
    const began = clock.date();
    say('one');
    clock.advance(10);
    say('two');
    clock.advance(10);
    say('three');
    expect(reader.missing).to.deep.equal({ bytes: 8, from: began + 10, to: began + 20 });
    reader.finish();
    say('four');
    expect(reader.missing.bytes).to.equal(8);
    destination.done();
    expect(reader.missing).to.deep.equal({ bytes: 0, from: undefined, to: clock.date() });
  });

  it('is left out by skip(), but for what is in flight', () => {
    const { reader, destination, pager, say } = made();
    say('one');
    say('x'.repeat(10 * SEGMENT));
    const before = pager.memoryBytes;
    expect(reader.skip().bytes).to.equal(10 * SEGMENT);
    expect(pager.memoryBytes).to.be.lessThan(before);
    expect(reader.lagBytes).to.equal(0);
    say('two');
    destination.done();
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    expect(reader.lagBytes).to.equal(3);
  });

  it('is left out no more once it is to finish, or has', () => {
    const { reader, destination, say } = made();
    say('one');
    say('two');
    reader.finish();
    expect(reader.skip().bytes).to.equal(0);
    destination.done();
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    destination.done();
    expect(reader.skip().bytes).to.equal(0);
    const stopped = made();
    stopped.say('one');
    stopped.say('two');
    stopped.reader.stop();
    expect(stopped.reader.skip().bytes).to.equal(0);
    expect(stopped.reader.missing.bytes).to.equal(6);
  });
});

describe('whether a reader makes progress', () => {
  it('is told by how long its block has been in flight', () => {
    const { destination, say, standing } = made();
    expect(standing(1e6)).to.equal('active');
    say('x');
    expect([200, 201, 2000, 2001].map(standing)).to.deep.equal(['active', 'slow', 'slow', 'stalled']);
    destination.done();
    expect(standing(1e6)).to.equal('active');
  });

  it('is told by its own pace where that is slower, up to twenty seconds', () => {
    const { clock, destination, say, standing } = made();
    say('x');
    clock.advance(1000);
    destination.done();
    say('y');
    expect([2000, 2001, 4000, 4001].map(standing)).to.deep.equal(['active', 'slow', 'slow', 'stalled']);
    clock.advance(9000);
    destination.done();
    say('z');
    expect([18_000, 18_001, 20_000, 20_001].map(standing)).to.deep.equal([
      'active',
      'slow',
      'slow',
      'stalled',
    ]);
  });

  it('is told by the longest of its last waits, of which a 20th is forgotten with each block', () => {
    const { clock, destination, say, standing } = made();
    say('x');
    clock.advance(1000);
    destination.done();
    say('y');
    destination.done();
    say('z');
    expect([1900, 1901].map(standing)).to.deep.equal(['active', 'slow']);
  });
});

describe('a reader of what is on disk', () => {
  it('has it loaded, and goes on', async () => {
    const { destination, log, say } = made({}, 4 * SEGMENT);
    say('first');
    say('x'.repeat(40 * SEGMENT));
    await eventually('most of it to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    destination.done();
    for (let had = 1; had < 41; had++) {
      await eventually(`block ${had}`, () => destination.blocks.length > had);
      destination.done();
    }
    expect(destination.blocks.join('')).to.equal(`first${'x'.repeat(40 * SEGMENT)}`);
  });

  it('is told when it cannot be read back, and needs nothing more of the log', async () => {
    const { clock, fs, destination, log, reader, failures, counts, pager, say } = made({}, 4 * SEGMENT);
    say('first');
    say('x'.repeat(40 * SEGMENT));
    await eventually('most of it to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    fs.readErrors = Array.from({ length: 1000 }, () => systemError('EIO'));
    destination.done();
    await eventually('it to be given up', () => {
      clock.advance(1000);
      destination.done();
      return destination.errors.length > 0;
    });
    expect(failures).to.deep.equal(destination.errors);
    expect(failures).to.have.length(1);
    expect(counts.done).to.equal(1);
    expect(reader.progress(clock.time + 1e6)).to.equal('active');
    expect(pager.diskBytes).to.equal(0);
  });

  it('is told nothing when it was stopped meanwhile', async () => {
    const { clock, fs, destination, log, reader, failures, counts, pager, say } = made({}, 4 * SEGMENT);
    say('first');
    say('x'.repeat(40 * SEGMENT));
    await eventually('most of it to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    fs.readErrors = Array.from({ length: 1000 }, () => systemError('EIO'));
    destination.done();
    // The rest of what it has had a part of was in memory.
    destination.done();
    expect(pager.pendingLoads).to.be.greaterThan(0);
    reader.stop();
    await eventually('the loading to end', () => {
      clock.advance(1000);
      return pager.pendingLoads === 0;
    });
    expect([failures.length, destination.errors.length, counts.done]).to.deep.equal([0, 0, 1]);
  });
});
