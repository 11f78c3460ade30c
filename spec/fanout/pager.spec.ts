// The pager by itself: what is in memory, what goes to disk and comes back, on a file system that is made up.
import { expect } from 'chai';
import { Pager, type PagerOptions } from '../../lib/fanout/pager.js';
import type { Segment } from '../../lib/fanout/segment.js';
import { Spill } from '../../lib/fanout/spill.js';
import type { MiniServError } from '../../lib/index.js';
import { eventually, turns } from '../support/waiting.js';
import { fakeWorld, systemError } from '../support/world.js';

const SIZE = 1024;
/** What a full segment counts for: its bytes, and beside them the smallest lists of runs and times. */
const WEIGHT = SIZE + 2 * 16 * 12;
const MIB = 1024 * 1024;

function made(options: Partial<PagerOptions> = {}) {
  const { clock, fs } = fakeWorld();
  const warnings: MiniServError[] = [];
  const counts = { onSpillDrain: 0, room: 0, reads: 0, writes: 0 };
  const spill = new Spill({ fs, dir: '/spill', limitBytes: undefined, warn: () => {} });
  const { read, write } = spill;
  spill.read = (...what) => {
    counts.reads++;
    return read.apply(spill, what);
  };
  spill.write = (...what) => {
    counts.writes++;
    return write.apply(spill, what);
  };
  const pager = new Pager({
    clock,
    spill,
    segmentBytes: SIZE,
    memoryBytes: 1e9,
    warn: (warning) => void warnings.push(warning),
    onSpillDrain: () => void counts.onSpillDrain++,
    onDrain: () => void counts.room++,
    ...options,
  });
  const { segmentBytes: segmentSize = SIZE } = options;
  let next = 0;
  /** Segments that are full, and that somebody has yet to read. */
  const full = (count: number): Segment[] =>
    Array.from({ length: count }, () => {
      const segment = pager.open(next++);
      segment.readers = 1;
      segment.append(7, String(segment.index).padEnd(segmentSize, 'x'), 0, 123);
      pager.close(segment);
      return segment;
    });
  const free = (segments: Iterable<Segment>): void => {
    for (const segment of segments) {
      segment.readers = 0;
      pager.free(segment);
    }
  };
  /** Makes the disk wait until it is told to go on. */
  const hold = (): (() => void) => {
    let go = (): void => {};
    fs.gate = new Promise((resolve) => {
      go = resolve;
    });
    return go;
  };
  return { clock, fs, spill, pager, warnings, counts, full, free, hold };
}

const onDisk = (segments: readonly Segment[]): number[] =>
  segments.filter(({ location, content }) => location !== null && content === null).map(({ index }) => index);
const inMemory = (segments: readonly Segment[]): number[] =>
  segments.filter(({ content }) => content !== null).map(({ index }) => index);

describe('pager: segments in memory', () => {
  it('are counted with what lies beside their bytes, until nobody needs them', () => {
    const { pager, full, free } = made();
    const open = pager.open(100);
    expect(pager.memoryBytes).to.equal(SIZE);
    const segments = full(3);
    expect(pager.memoryBytes).to.equal(SIZE + 3 * WEIGHT);
    free(segments);
    expect(pager.memoryBytes).to.equal(SIZE);
    free([open]);
    expect(pager.memoryBytes).to.equal(0);
  });

  const spares: [string, number, number, number][] = [
    ['sixteen at most', 32 * SIZE, 0, 16],
    // One less: while the first are given back, the last are still in memory.
    ['or as many as are half of the budget', 40 * SIZE, 0, 19],
    ['or half of it with what is in memory', 40 * SIZE, 3, 17],
  ];
  for (const [what, memory, others, kept] of spares) {
    it(`leave their memory to the next ones, ${what}, and nothing of what was in it`, () => {
      const { pager, full, free } = made({ memoryBytes: memory });
      const open = Array.from({ length: others }, (_, i) => pager.open(100 + i));
      const segments = full(21);
      const before = new Set(segments.map(({ content }) => content?.bytes));
      free(segments);
      const after = Array.from({ length: 21 }, (_, i) => pager.open(200 + i));
      expect(after.filter(({ content }) => before.has(content?.bytes as Buffer))).to.have.length(kept);
      for (const { content, length } of after) {
        expect([content?.index.owners.count, content?.index.times.count, length]).to.deep.equal([0, 0, 0]);
        expect(content?.bytes).to.have.length(SIZE);
      }
      free([...open, ...after]);
    });
  }

  it('stay there while a write points into them, and go when it is done and nobody needs them', () => {
    const { pager, full, free } = made();
    const segments = full(1);
    const [segment] = segments as [Segment];
    pager.pin(segment);
    pager.pin(segment);
    free(segments);
    expect(pager.memoryBytes).to.equal(WEIGHT);
    pager.unpin(segment);
    expect(pager.memoryBytes).to.equal(WEIGHT);
    pager.unpin(segment);
    expect(pager.memoryBytes).to.equal(0);
  });
});

describe('pager: the oldest segments', () => {
  it('go to disk past the budget, and no more of them than that takes', async () => {
    const { full, pager, counts } = made({ memoryBytes: 3 * WEIGHT });
    const segments = full(3);
    await turns();
    expect(counts.writes).to.equal(0);
    segments.push(...full(2));
    await eventually('two on disk', () => onDisk(segments).length === 2);
    await turns();
    expect(onDisk(segments)).to.deep.equal([0, 1]);
    expect(pager.memoryBytes).to.equal(3 * WEIGHT);
    expect(pager.diskBytes).to.equal(2 * (SIZE + 4 + 2 * 12));
  });

  it('go there together, eight at most, since each time takes turns of a busy event loop', async () => {
    const { full, hold, counts } = made({ memoryBytes: 3 * WEIGHT });
    const go = hold();
    const segments = full(23);
    await turns();
    expect(counts.writes).to.equal(1);
    go();
    await eventually('twenty on disk', () => onDisk(segments).length === 20);
    // The first alone: what came behind it was not there when it was begun.
    expect(counts.writes).to.equal(1 + Math.ceil(19 / 8));
  });

  it('go there as far as there is room, though not for all that would go together', async () => {
    const { fs, full, hold, warnings } = made({ memoryBytes: 3 * WEIGHT });
    const go = hold();
    fs.capacity = 3.5 * (SIZE + 4 + 2 * 12);
    const segments = full(8);
    go();
    await eventually('a full disk', () => warnings.length > 0);
    expect(onDisk(segments)).to.deep.equal([0, 1, 2]);
  });

  it('do not go there while a write points into them, but then', async () => {
    const { full, pager } = made({ memoryBytes: 3 * WEIGHT });
    const segments = full(3);
    pager.pin(segments[0] as Segment);
    segments.push(...full(1));
    await turns();
    expect(onDisk(segments)).to.deep.equal([]);
    segments.push(...full(1));
    await eventually('one on disk', () => onDisk(segments).length > 0);
    expect(onDisk(segments)).to.deep.equal([1]);
    pager.unpin(segments[0] as Segment);
    await eventually('the next', () => onDisk(segments).length > 1);
    await turns();
    expect(onDisk(segments)).to.deep.equal([1, 2]);
  });

  it('take nothing there that nobody needs by the time that it is written', async () => {
    const { full, free, hold, pager } = made({ memoryBytes: 2 * WEIGHT });
    const go = hold();
    const segments = full(3);
    await turns();
    free(segments);
    go();
    await turns();
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
  });

  it('give their disk back when nobody needs them', async () => {
    const { full, free, pager } = made({ memoryBytes: 2 * WEIGHT });
    const segments = full(4);
    await eventually('two on disk', () => onDisk(segments).length === 2);
    free(segments);
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
    expect(segments.map(({ location }) => location)).to.deep.equal([null, null, null, null]);
  });

  it('stay where they are once it is shut down', async () => {
    const { full, pager, counts } = made({ memoryBytes: 2 * WEIGHT });
    pager.shutdown();
    full(5);
    await turns();
    expect(counts.writes).to.equal(0);
  });
});

describe('pager: senders wait', () => {
  const slacks: [string, number, number, number][] = [
    ['four segments, where memory is small', SIZE, 8 * SIZE, 8],
    ['a quarter of memory', SIZE, 64 * SIZE, 58],
    ['eight mebibytes, where memory is large', 512 * 1024, 40 * MIB, 95],
  ];
  for (const [what, segmentSize, memory, most] of slacks) {
    it(`when more than ${what} waits for the disk beside what memory may hold`, async () => {
      const { pager, full, free, hold, counts } = made({ segmentBytes: segmentSize, memoryBytes: memory });
      const go = hold();
      const segments = full(most);
      expect(pager.isFull).to.equal(false);
      segments.push(...full(1));
      expect(pager.isFull).to.equal(true);
      expect(counts.room).to.equal(0);
      go();
      await eventually('room', () => !pager.isFull);
      expect(counts.room).to.equal(1);
      expect(counts.onSpillDrain).to.equal(0);
      await turns();
      free(segments);
    });
  }
});

describe('pager: a segment that is loaded', () => {
  it('is as it was, once for all who ask at the same time', async () => {
    const { full, pager, counts } = made({ memoryBytes: 2 * WEIGHT });
    const segments = full(4);
    await eventually('two on disk', () => onDisk(segments).length === 2);
    const [segment] = segments as [Segment];
    const { memoryBytes: memory } = pager;
    const loading = pager.load(segment);
    expect(pager.load(segment)).to.equal(loading);
    expect(pager.pendingLoads).to.equal(1);
    await loading;
    expect(pager.pendingLoads).to.equal(0);
    // Its bytes, and what is beside them.
    expect(counts.reads).to.equal(2);
    const { bytes, index } = segment.content ?? expect.fail();
    const { owners: runs, times } = index;
    expect(bytes.toString()).to.equal('0'.padEnd(SIZE, 'x'));
    expect([runs.count, runs.value(0), runs.end(0)]).to.deep.equal([1, 7, SIZE]);
    expect([times.count, times.value(0), times.end(0)]).to.deep.equal([1, 123, SIZE]);
    expect(pager.memoryBytes).to.be.greaterThan(memory);
    await pager.load(segment);
    expect(counts.reads).to.equal(2);
  });

  const caches: [string, number, number, number][] = [
    ['four at least', SIZE, 4 * SIZE, 4],
    ['a quarter of memory', SIZE, 32 * SIZE, 8],
    ['eight mebibytes at most', MIB, 40 * MIB, 8],
  ];
  for (const [what, segmentSize, memory, most] of caches) {
    it(`is kept for the next who needs it, with others: ${what}`, async () => {
      const { full, free, pager } = made({ segmentBytes: segmentSize, memoryBytes: memory });
      const count = Math.ceil(memory / segmentSize) + most + 2;
      const segments = full(count);
      const wanted = segments.slice(0, most + 1);
      await eventually('enough on disk', () => onDisk(wanted).length === most + 1);
      for (const segment of wanted) await pager.load(segment);
      expect(inMemory(wanted)).to.deep.equal(wanted.slice(1).map(({ index }) => index));
      await turns();
      free(segments);
      expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
    });
  }

  it('goes on being kept when a write has pointed into it, and goes for good with its last reader', async () => {
    const { full, free, pager, counts } = made({ memoryBytes: 2 * WEIGHT });
    const segments = full(4);
    await eventually('two on disk', () => onDisk(segments).length === 2);
    const [segment] = segments as [Segment];
    await pager.load(segment);
    pager.pin(segment);
    pager.unpin(segment);
    await pager.load(segment);
    expect(counts.reads).to.equal(2);
    await turns();
    pager.pin(segment);
    free(segments);
    pager.unpin(segment);
    await turns();
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
  });

  it('takes the place of what has yet to be read', async () => {
    const { full, pager } = made({ memoryBytes: 3 * WEIGHT });
    const segments = full(4);
    await eventually('one on disk', () => onDisk(segments).length === 1);
    await pager.load(segments[0] as Segment);
    await eventually('another on disk', () => onDisk(segments).length > 0);
    expect(onDisk(segments)).to.deep.equal([1]);
  });

  it('is nothing that anybody needs, if they have left meanwhile', async () => {
    const { full, free, pager } = made({ memoryBytes: 2 * WEIGHT });
    const segments = full(4);
    await eventually('two on disk', () => onDisk(segments).length === 2);
    const loading = pager.load(segments[0] as Segment);
    free(segments);
    await loading;
    expect([pager.memoryBytes, pager.diskBytes]).to.deep.equal([0, 0]);
    expect(inMemory(segments)).to.deep.equal([]);
  });
});

describe('pager: a segment that cannot be read back', () => {
  async function unreadable() {
    const all = made({ memoryBytes: 2 * WEIGHT });
    const segments = all.full(4);
    await eventually('two on disk', () => onDisk(segments).length === 2);
    all.spill.read = async () => {
      all.counts.reads++;
      throw systemError('EIO');
    };
    return { ...all, segments, segment: segments[0] as Segment };
  }

  it('is tried again after 10, 100 and 1000 ms, and then given up', async () => {
    const { clock, pager, segment, counts } = await unreadable();
    const loaded = pager.load(segment).then(
      () => expect.fail('it was loaded'),
      (error: MiniServError) => error,
    );
    for (const [nth, wait] of [10, 100, 1000].entries()) {
      await turns();
      expect(counts.reads).to.equal(2 * (nth + 1));
      clock.advance(wait - 1);
      await turns();
      expect(counts.reads).to.equal(2 * (nth + 1));
      clock.advance(1);
    }
    const { code, message } = await loaded;
    expect(counts.reads).to.equal(8);
    expect(code).to.equal('ERR_SPILL_READ');
    expect(message).to.equal('a spilled segment could not be read back: EIO: made up');
  });

  it('is given up at once when it is shut down', async () => {
    const { clock, pager, segment, counts } = await unreadable();
    const loaded = pager.load(segment).then(
      () => 'loaded',
      ({ code }: MiniServError) => code,
    );
    await turns();
    pager.shutdown();
    expect(await loaded).to.equal('ERR_SPILL_READ');
    expect(counts.reads).to.equal(4);
    expect(clock.pending).to.equal(0);
  });

  it('is no error where nobody needs it any more', async () => {
    const { pager, segments, segment, free } = await unreadable();
    const loaded = pager.load(segment);
    free(segments);
    await loaded;
  });
});

describe('pager: a full disk', () => {
  /** So many segments on disk, and no room for more. */
  async function filled(records: number) {
    const all = made({ memoryBytes: 8 * WEIGHT });
    const record = SIZE + 4 + 2 * 12;
    all.fs.capacity = records * record;
    const segments = all.full(8 + records + 1);
    await eventually('the disk to be full', () => all.warnings.length > 0);
    expect(all.pager.diskBytes).to.equal(records * record);
    return { ...all, segments, record };
  }

  it('is told of once, and looked at again every half second', async () => {
    const { clock, counts, warnings, pager, fs } = await filled(4);
    expect(warnings.map(({ code, message }) => [code, message])).to.deep.equal([
      ['ERR_SPILL_FULL', 'no room for spilled segments (ENOSPC: made up): senders wait'],
    ]);
    expect(warnings[0]?.cause).to.include({ code: 'ENOSPC' });
    const { writes } = counts;
    for (const round of [1, 2, 3]) {
      clock.advance(499);
      await turns();
      expect(counts.writes).to.equal(writes + round - 1);
      clock.advance(1);
      await turns();
      expect(counts.writes).to.equal(writes + round);
    }
    expect([warnings.length, clock.pending]).to.deep.equal([1, 1]);
    fs.capacity = Number.POSITIVE_INFINITY;
    clock.advance(500);
    await turns();
    expect(pager.memoryBytes).to.equal(8 * WEIGHT);
    pager.shutdown();
    expect(clock.pending).to.equal(0);
  });

  it('has room again when a quarter more, and a segment, went there', async () => {
    const { clock, counts, fs, full, record } = await filled(8);
    fs.capacity = 10 * record;
    full(1);
    clock.advance(500);
    await turns();
    // Ten are there and none is left to go, which is a quarter more than eight, and no segment beside.
    expect(counts.onSpillDrain).to.equal(0);
    fs.capacity = Number.POSITIVE_INFINITY;
    full(1);
    clock.advance(500);
    await turns();
    expect(counts.onSpillDrain).to.equal(1);
    full(4);
    await turns();
    expect(counts.onSpillDrain).to.equal(1);
  });

  it('has room again when readers have taken half of it, and memory is half empty', async () => {
    const { counts, free, segments, warnings } = await filled(8);
    const spilled = onDisk(segments).slice(0, 4);
    free(segments.filter(({ index }) => spilled.includes(index)));
    expect(counts.onSpillDrain).to.equal(0);
    await turns();
    const dirty = segments.filter(({ index, location }) => index >= 4 && location === null);
    free(dirty.slice(0, -4));
    expect(counts.onSpillDrain).to.equal(0);
    const rest = segments.filter(({ index }) => index >= 4 && !dirty.includes(segments[index] as Segment));
    free(rest);
    await turns();
    expect(counts.onSpillDrain).to.equal(1);
    expect(warnings).to.have.length(1);
  });

  it('leaves a segment in memory that a write has come to point into meanwhile', async () => {
    const { clock, fs, full, hold, pager, warnings } = made({ memoryBytes: 2 * WEIGHT });
    fs.capacity = 0;
    const go = hold();
    const segments = full(3);
    await turns();
    pager.pin(segments[0] as Segment);
    go();
    await turns();
    // The two that are left are within the budget: the disk is no matter any more.
    expect(warnings).to.deep.equal([]);
    fs.capacity = Number.POSITIVE_INFINITY;
    clock.advance(500);
    await turns();
    expect(segments.map(({ location }) => location)).to.deep.equal([null, null, null]);
    pager.unpin(segments[0] as Segment);
    await eventually('the oldest that waits on disk', () => onDisk(segments).length === 1);
  });

  it('is no matter where nothing needs to go there any more', async () => {
    const { fs, full, free, hold, warnings } = made({ memoryBytes: 2 * WEIGHT });
    fs.capacity = 0;
    const go = hold();
    const segments = full(3);
    await turns();
    free(segments.slice(1));
    go();
    await turns();
    expect(warnings).to.deep.equal([]);
  });
});
