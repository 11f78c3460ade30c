import { expect } from 'chai';
import type { Destination } from '../../lib/fanout/destination.js';
import { MessageLog } from '../../lib/fanout/message-log.js';
import { Reader, type ReaderOptions } from '../../lib/fanout/reader.js';
import { NO_OWNER } from '../../lib/fanout/segment-index.js';
import type { TimeMark } from '../../lib/protocol/time.js';
import { systemError } from '../support/fake-environment.js';
import { setUpPager } from '../support/pager.js';
import { eventually } from '../support/waiting.js';

const SEGMENT = 16;

type Done = (error?: Error | null) => void;

/** Takes a block when the spec calls `done`. */
class ManualDestination implements Destination {
  readonly blocks: string[] = [];
  readonly times: (readonly TimeMark[] | undefined)[] = [];
  readonly errors: Error[] = [];
  finished = 0;
  readonly maxBytes?: number;
  readonly wantsTimes?: boolean;
  done: Done = () => {};

  constructor(options: { maxBytes?: number; wantsTimes?: boolean } = {}) {
    Object.assign(this, options);
  }

  send(bytes: readonly Buffer[], done: Done, times?: readonly TimeMark[]): void {
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

/** Calls `done` with each of these results before `send` returns. */
class ImmediateDestination extends ManualDestination {
  readonly #results: readonly (Error | undefined)[];

  constructor(...results: readonly (Error | undefined)[]) {
    super();
    this.#results = results;
  }

  override send(bytes: readonly Buffer[], done: Done): void {
    super.send(bytes, done);
    for (const result of this.#results) done(result);
  }
}

/** Takes bytes at once if `onOffer` returns true, as a socket with space in the kernel does. */
class OfferedDestination extends ManualDestination {
  readonly offered: string[] = [];
  #onOffer: () => boolean;

  constructor(onOffer: () => boolean) {
    super();
    this.#onOffer = onOffer;
  }

  offer(bytes: Buffer): boolean {
    this.offered.push(bytes.toString());
    return this.#onOffer();
  }
}

type Options = Partial<ReaderOptions> & { destination?: ManualDestination; owner?: number };

function setUp(given: Options = {}, memoryBytes = 1e6) {
  const { destination = new ManualDestination(), owner = NO_OWNER, ...options } = given;
  const { pager, clock, fs } = setUpPager({ segmentBytes: SEGMENT, memoryBytes });
  clock.time = 5000;
  const callbacks: (() => void)[] = [];
  clock.setImmediate = (callback) => void callbacks.push(callback);
  const log = new MessageLog(SEGMENT, pager, clock);
  const counts = { progress: 0, done: 0 };
  const failures: Error[] = [];
  const reader = new Reader(destination, owner, {
    log,
    clock,
    onProgress: () => counts.progress++,
    onError: (error) => failures.push(error),
    onDone: () => counts.done++,
    ...options,
  });
  /** Appends a text and calls the reader. */
  const append = (text: string, owner = NO_OWNER): void => {
    log.append(owner, text);
    for (let turn = 0; turn < 2; turn++) for (const callback of callbacks.splice(0)) callback();
  };
  return { clock, fs, pager, log, reader, destination, counts, failures, append };
}

describe('Reader', () => {
  it('has one block in flight, and sends the next when that was taken', () => {
    const { reader, destination, counts, append } = setUp();
    append('one');
    append('two');
    expect(destination.blocks).to.deep.equal(['one']);
    expect(reader.lagBytes).to.equal(6);
    destination.done();
    expect(reader.lagBytes).to.equal(3);
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    destination.done();
    expect(reader.lagBytes).to.equal(0);
    expect(counts.progress).to.equal(2);
    append('three');
    expect(destination.blocks).to.deep.equal(['one', 'two', 'three']);
  });

  it('offers bytes to a destination that takes them at once, and calls send for none of them', () => {
    const destination = new OfferedDestination(() => true);
    const { reader, counts, append } = setUp({ destination, owner: 7 });
    append('one');
    append('two');
    expect(destination.offered).to.deep.equal(['one', 'two']);
    expect(destination.blocks).to.deep.equal([]);
    expect(reader.lagBytes).to.equal(0);
    expect(counts.progress).to.equal(2);
  });

  it('waits for a destination that still uses the offered bytes, and keeps their memory', () => {
    const destination = new OfferedDestination(() => false);
    const { reader, pager, counts, append } = setUp({ destination, owner: 7 }, 4 * SEGMENT);
    append('one');
    expect(destination.blocks).to.deep.equal(['']);
    expect([reader.lagBytes, counts.progress]).to.deep.equal([3, 0]);
    append('two');
    expect(destination.offered).to.deep.equal(['one']);
    destination.done();
    expect(destination.blocks).to.deep.equal(['', 'two']);
    destination.done();
    expect([reader.lagBytes, counts.progress, pager.diskBytes]).to.deep.equal([0, 2, 0]);
  });

  it('does not offer a client its own bytes', () => {
    const destination = new OfferedDestination(() => true);
    const { reader, append } = setUp({ destination, owner: 7 });
    append('own', 7);
    expect([destination.offered, destination.blocks]).to.deep.equal([[], []]);
    append('other');
    expect([...destination.offered, ...destination.blocks]).to.deep.equal(['other']);
    expect(reader.lagBytes).to.equal(0);
  });

  it('fails a destination that throws when bytes are offered', () => {
    const destination = new OfferedDestination(() => {
      throw new Error('offer failed');
    });
    const { counts, append } = setUp({ destination, owner: 7 });
    append('one');
    expect(destination.errors.map(String)).to.deep.equal(['Error: offer failed']);
    expect(counts.done).to.equal(1);
  });

  for (const isTaken of [true, false]) {
    const result = isTaken ? 'taken at once' : 'still in use';
    it(`delivers bytes once if the destination finishes it while they are offered, and ${result}`, () => {
      const destination: OfferedDestination = new OfferedDestination(() => {
        made.reader.finish();
        return isTaken;
      });
      const made = setUp({ destination, owner: 7 });
      made.append('one');
      made.append('two');
      if (!isTaken) destination.done();
      expect([destination.offered, destination.blocks]).to.deep.equal([['one'], isTaken ? [] : ['']]);
      expect([destination.finished, made.counts.progress, made.counts.done]).to.deep.equal([1, 1, 1]);
    });
  }

  it('does nothing more if the destination stops it while bytes are offered', () => {
    const destination: OfferedDestination = new OfferedDestination(() => {
      made.reader.stop();
      return true;
    });
    const made = setUp({ destination, owner: 7 });
    made.append('one');
    made.append('two');
    expect([destination.offered, destination.blocks]).to.deep.equal([['one'], []]);
    expect([made.counts.progress, made.counts.done]).to.deep.equal([0, 1]);
  });

  it('sends blocks of the length that its destination prefers, or of a segment', () => {
    const small = new ManualDestination({ maxBytes: 5 });
    const [one, other] = [setUp(), setUp({ destination: small })];
    for (const { append } of [one, other]) append('x'.repeat(40));
    expect(one.destination.blocks).to.deep.equal(['x'.repeat(SEGMENT)]);
    expect(small.blocks).to.deep.equal(['xxxxx']);
    expect(other.reader.lagBytes).to.equal(40);
  });

  it('passes the times of the bytes only to a destination that wants them', () => {
    const timed = new ManualDestination({ wantsTimes: true });
    const one = setUp({ destination: timed });
    one.append('now');
    expect(timed.times).to.deep.equal([[{ at: 0, time: one.clock.date() }]]);
    const other = setUp();
    other.append('now');
    expect(other.destination.times).to.deep.equal([undefined]);
  });

  it('passes messages of its own client without sending', () => {
    const { reader, destination, counts, append } = setUp({ owner: 7 });
    append('mine', 7);
    expect(destination.blocks).to.deep.equal([]);
    expect(reader.lagBytes).to.equal(0);
    expect(counts.progress).to.equal(0);
    append('yours', 8);
    expect(destination.blocks).to.deep.equal(['yours']);
  });

  it('works without callbacks, and fails its destination if the backlog cannot be read', async () => {
    const callbacks = { onProgress: undefined, onError: undefined, onDone: undefined };
    const silent = callbacks as unknown as ReaderOptions;
    const one = setUp(silent);
    one.append('one');
    one.destination.done();
    one.reader.finish();
    expect([one.reader.lagBytes, one.destination.finished]).to.deep.equal([0, 1]);
    const other = setUp(silent, 4 * SEGMENT);
    other.append('x'.repeat(40 * SEGMENT));
    await eventually('most of the log to be on disk', () => other.log.timeAt(30 * SEGMENT) === undefined);
    other.fs.readErrors = Array.from({ length: 1000 }, () => systemError('EIO'));
    await eventually('the destination to fail', () => {
      other.clock.advance(1000);
      other.destination.done();
      return other.destination.errors.length > 0;
    });
  });

  it('is active while nothing is in flight, and slow, then stalled, while a block is not taken', () => {
    const { clock, reader, destination, append } = setUp();
    const progressAfter = (ms: number) => reader.progress(clock.time + ms);
    expect(progressAfter(1e6)).to.equal('active');
    append('x');
    expect([200, 201, 2001].map(progressAfter)).to.deep.equal(['active', 'slow', 'stalled']);
    clock.advance(1000);
    destination.done();
    expect(progressAfter(1e6)).to.equal('active');
    append('y');
    expect([2000, 2001, 4001].map(progressAfter)).to.deep.equal(['active', 'slow', 'stalled']);
  });
});

describe('Reader: the result of send()', () => {
  it('counts once if done() is called twice for a block', () => {
    const { reader, destination, counts, append } = setUp();
    append('one');
    const first = destination.done;
    first();
    first();
    expect(counts.progress).to.equal(1);
    append('two');
    destination.done();
    destination.done(new Error('too late'));
    expect(counts.done).to.equal(0);
    expect(reader.lagBytes).to.equal(0);
  });

  it('ends the reader if the first call of done() within send() has an error', () => {
    const destination = new ImmediateDestination(new Error('gone'), undefined);
    const { counts, append } = setUp({ destination });
    append('one');
    append('two');
    expect(destination.blocks).to.deep.equal(['one']);
    expect(counts).to.include({ progress: 0, done: 1 });
  });

  it('ignores an error in a second call of done() within send()', () => {
    const destination = new ImmediateDestination(undefined, new Error('too late'));
    const { counts, append } = setUp({ destination });
    append('one');
    append('two');
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    expect(counts).to.include({ progress: 2, done: 0 });
  });

  it('leads to the next blocks of a backlog at once if done() is called within send()', () => {
    const destination = new ImmediateDestination(undefined);
    const { reader, counts, append } = setUp({ destination });
    append('x'.repeat(3 * SEGMENT));
    expect(destination.blocks).to.have.length(3);
    expect([reader.lagBytes, counts.progress]).to.deep.equal([0, 3]);
  });

  it('is not an error of the destination if a callback of the reader throws', () => {
    const destination = new ImmediateDestination(undefined);
    const { append } = setUp({
      destination,
      onProgress: () => {
        throw new Error('from the callback');
      },
    });
    expect(() => append('x')).to.throw('from the callback');
    expect(destination.errors).to.deep.equal([]);
  });

  it('fails the destination if send() throws, and releases the log', () => {
    const destination = new ManualDestination();
    destination.send = () => {
      throw new Error('oops');
    };
    const { counts, pager, append } = setUp({ destination });
    append('x'.repeat(3 * SEGMENT));
    expect(destination.errors.map(({ message }) => message)).to.deep.equal(['oops']);
    expect([counts.done, pager.memoryBytes]).to.deep.equal([1, 0]);
  });

  it('fails the destination with an error if send() throws another value', () => {
    const destination = new ManualDestination();
    destination.send = () => {
      throw 'a string';
    };
    setUp({ destination }).append('x');
    expect(destination.errors.at(-1)?.message).to.equal('a string');
  });

  it('releases the log after an error, without failing the destination again', () => {
    const { destination, counts, pager, append } = setUp();
    append('x'.repeat(3 * SEGMENT));
    destination.done(new Error('gone'));
    expect([counts.done, counts.progress, pager.memoryBytes]).to.deep.equal([1, 0, 0]);
    expect(destination.errors).to.deep.equal([]);
  });
});

describe('Reader: finish()', () => {
  it('delivers what was appended before it, and nothing that is appended later', () => {
    const { reader, destination, counts, append } = setUp();
    append('one');
    expect(reader.isFinishing).to.equal(false);
    reader.finish();
    expect(reader.isFinishing).to.equal(true);
    append('two');
    reader.finish();
    expect([reader.lagBytes, reader.end]).to.deep.equal([3, 3]);
    expect(destination.finished).to.equal(0);
    destination.done();
    expect(destination.blocks).to.deep.equal(['one']);
    expect([destination.finished, counts.done]).to.deep.equal([1, 1]);
  });

  it('finishes the destination at once, and only once, if all was delivered', () => {
    const { reader, destination, counts, append } = setUp();
    append('one');
    destination.done();
    reader.finish();
    expect([destination.finished, counts.done]).to.deep.equal([1, 1]);
    reader.finish();
    reader.stop();
    append('two');
    expect([destination.finished, counts.done]).to.deep.equal([1, 1]);
    expect(destination.blocks).to.deep.equal(['one']);
  });
});

describe('Reader: stop()', () => {
  it('sends nothing more and releases the log, with the block in flight', () => {
    const { reader, destination, counts, pager, append } = setUp();
    append('x'.repeat(3 * SEGMENT));
    reader.stop();
    reader.stop();
    reader.finish();
    expect(counts.done).to.equal(1);
    expect(pager.memoryBytes).to.equal(0);
    destination.done();
    append('y');
    expect(destination.blocks).to.have.length(1);
    expect([counts.progress, destination.finished]).to.deep.equal([0, 0]);
  });
});

describe('Reader: missing', () => {
  it('is the part that is neither delivered nor in flight, with the times of its first and last byte', () => {
    const { reader, destination, clock, append } = setUp();
    expect(reader.missing).to.deep.equal({ bytes: 0, from: undefined, to: 0 });
    const start = clock.date();
    append('one');
    clock.advance(10);
    append('two');
    clock.advance(10);
    append('three');
    expect(reader.missing).to.deep.equal({ bytes: 8, from: start + 10, to: start + 20 });
    reader.finish();
    append('four');
    expect(reader.missing.bytes).to.equal(8);
    destination.done();
    expect(reader.missing).to.deep.equal({ bytes: 0, from: undefined, to: clock.date() });
  });

  it('is skipped by skip(), but not the block in flight', () => {
    const { reader, destination, pager, append } = setUp();
    append('one');
    append('x'.repeat(10 * SEGMENT));
    const { memoryBytes } = pager;
    expect(reader.skip().bytes).to.equal(10 * SEGMENT);
    expect(pager.memoryBytes).to.be.lessThan(memoryBytes);
    expect(reader.lagBytes).to.equal(0);
    append('two');
    destination.done();
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    expect(reader.lagBytes).to.equal(3);
  });

  it('is not skipped once the reader is finishing or has finished', () => {
    const { reader, destination, append } = setUp();
    append('one');
    append('two');
    reader.finish();
    expect(reader.skip().bytes).to.equal(0);
    destination.done();
    expect(destination.blocks).to.deep.equal(['one', 'two']);
    destination.done();
    expect(reader.skip().bytes).to.equal(0);
  });

  it('includes the block in flight after stop(), and is not skipped then', () => {
    const { reader, append } = setUp();
    append('one');
    append('two');
    reader.stop();
    expect(reader.skip().bytes).to.equal(0);
    expect(reader.missing.bytes).to.equal(6);
  });
});

describe('Reader: a backlog on disk', () => {
  async function withBacklog() {
    const all = setUp({}, 4 * SEGMENT);
    all.append('first');
    all.append('x'.repeat(40 * SEGMENT));
    await eventually('most of the log to be on disk', () => all.log.timeAt(30 * SEGMENT) === undefined);
    return all;
  }

  it('is loaded and delivered', async () => {
    const { destination } = await withBacklog();
    destination.done();
    for (let blocks = 1; blocks < 41; blocks++) {
      await eventually(`block ${blocks}`, () => destination.blocks.length > blocks);
      destination.done();
    }
    expect(destination.blocks.join('')).to.equal(`first${'x'.repeat(40 * SEGMENT)}`);
  });

  it('fails the destination if it cannot be read, and the reader releases the log', async () => {
    const { clock, fs, destination, reader, failures, counts, pager } = await withBacklog();
    fs.readErrors = Array.from({ length: 1000 }, () => systemError('EIO'));
    destination.done();
    await eventually('the destination to fail', () => {
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

  it('fails nothing if the reader was stopped while it was being read', async () => {
    const { clock, fs, destination, reader, failures, counts, pager } = await withBacklog();
    fs.readErrors = Array.from({ length: 1000 }, () => systemError('EIO'));
    destination.done();
    // The rest of the first segment is in memory, because the block in flight pinned it.
    destination.done();
    expect(pager.pendingLoads).to.be.greaterThan(0);
    reader.stop();
    await eventually('the load to end', () => {
      clock.advance(1000);
      return pager.pendingLoads === 0;
    });
    expect([failures.length, destination.errors.length, counts.done]).to.deep.equal([0, 0, 1]);
  });
});
