import { expect } from 'chai';
import type { Block } from '../../lib/fanout/block.js';
import { MessageLog } from '../../lib/fanout/message-log.js';
import { Pager } from '../../lib/fanout/pager.js';
import { NO_OWNER } from '../../lib/fanout/segment-index.js';
import { Spill } from '../../lib/fanout/spill.js';
import { random } from '../support/random.js';
import { eventually } from '../support/waiting.js';
import { fakeWorld } from '../support/world.js';

const SEGMENT = 16;

function smallLog(memory = 1e6) {
  const { clock, fs } = fakeWorld();
  clock.time = 1000;
  const spill = new Spill({ fs, dir: '/spill', limitBytes: undefined, warn: () => {} });
  const silent = { warn: () => {}, onDrain: () => {}, onSpillDrain: () => {} };
  const pager = new Pager({ clock, spill, segmentBytes: SEGMENT, memoryBytes: memory, ...silent });
  const turns: (() => void)[] = [];
  clock.setImmediate = (callback) => void turns.push(callback);
  const log = new MessageLog(SEGMENT, pager, clock);
  const turn = (): void => {
    for (const callback of turns.splice(0)) callback();
  };
  return { log, pager, turn, clock };
}

/** A log with so many who wait for more, and how often they were called, taken together. */
function waited(readers: number, memory?: number) {
  const made = smallLog(memory);
  made.log.attach();
  const count = { calls: 0 };
  for (let i = 0; i < readers; i++) made.log.notifyOnce({ onAppend: () => count.calls++ });
  return { ...made, count };
}

/** All that a reader at `cursor` is given up to the end. */
function readAll(log: MessageLog, start: number, owner = NO_OWNER): string {
  let text = '';
  for (let cursor = start; cursor < log.end; ) {
    const block = log.take(cursor, log.end, owner, SEGMENT);
    if (block === null) throw new Error('it is on disk');
    text += Buffer.concat(block.bytes).toString('latin1');
    log.release(block);
    cursor = block.next;
  }
  return text;
}

describe('the room log', () => {
  it('gives a reader what was said since it came, across segments, without its own runs', () => {
    const { log } = smallLog();
    log.attach();
    log.append(7, 'before');
    const cursor = log.attach();
    const next = random(3);
    let all = '';
    const without = ['', '', ''];
    for (let i = 0; i < 500; i++) {
      const owner = Math.floor(next() * 3);
      const text = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'.slice(
        0,
        1 + Math.floor(next() * 50),
      );
      log.append(owner, text);
      all += text;
      for (const other of [0, 1, 2]) if (other !== owner) without[other] += text;
    }
    expect(readAll(log, cursor)).to.equal(all);
    for (const owner of [0, 1, 2]) expect(readAll(log, cursor, owner)).to.equal(without[owner]);
  });

  it('is kept as far back as its last reader, and no further', () => {
    const { log, pager } = smallLog();
    const [first, second] = [log.attach(), log.attach()];
    log.append(NO_OWNER, 'x'.repeat(10 * SEGMENT));
    const all = pager.memoryBytes;
    log.advance(first, log.end);
    expect(pager.memoryBytes).to.equal(all);
    log.advance(second, 5 * SEGMENT);
    expect(pager.memoryBytes).to.equal(all / 2);
    log.detach(5 * SEGMENT, undefined);
    expect(pager.memoryBytes).to.equal(0);
  });

  it('is not kept at all where nobody reads', () => {
    const { log, pager } = smallLog();
    log.append(NO_OWNER, 'x'.repeat(10 * SEGMENT + 1));
    expect(pager.memoryBytes).to.equal(SEGMENT);
  });

  it('is not kept for a reader beyond where it ends', () => {
    const { log, pager } = smallLog();
    const cursor = log.attach();
    log.append(NO_OWNER, 'x'.repeat(2 * SEGMENT + 3));
    const end = log.end;
    log.unfollow();
    log.append(NO_OWNER, 'y'.repeat(20 * SEGMENT));
    const weight = pager.memoryBytes;
    log.append(NO_OWNER, 'y'.repeat(20 * SEGMENT));
    expect(pager.memoryBytes).to.equal(weight);
    log.detach(cursor, end);
    expect(pager.memoryBytes).to.equal(SEGMENT);
  });

  it('lends memory until it is given back, though nobody needs it any more', () => {
    const { log, pager } = smallLog();
    const cursor = log.attach();
    log.append(NO_OWNER, 'x'.repeat(SEGMENT));
    const block = log.take(cursor, log.end, NO_OWNER, SEGMENT);
    log.detach(cursor, undefined);
    expect(pager.memoryBytes).to.be.greaterThan(0);
    expect(Buffer.concat(block?.bytes ?? []).toString()).to.equal('x'.repeat(SEGMENT));
    if (block !== null) log.release(block);
    expect(pager.memoryBytes).to.equal(0);
  });

  it('knows when what it holds in memory was said', async () => {
    const { log, clock } = smallLog(4 * SEGMENT);
    const cursor = log.attach();
    log.append(NO_OWNER, 'x'.repeat(SEGMENT + 4));
    clock.advance(5);
    log.append(NO_OWNER, 'y'.repeat(SEGMENT));
    const began = clock.date() - 5;
    expect(log.timeAt(cursor)).to.equal(began);
    expect(log.timeAt(SEGMENT + 3)).to.equal(began);
    expect(log.timeAt(SEGMENT + 4)).to.equal(began + 5);
    expect(log.timeAt(2 * SEGMENT)).to.equal(began + 5);
    log.append(NO_OWNER, 'z'.repeat(40 * SEGMENT));
    await eventually('the oldest to be on disk', () => log.timeAt(cursor) === undefined);
    expect(log.timeAt(1000 * SEGMENT)).to.equal(undefined);
  });

  it('loads what a laggard will need next with what it needs now, unless much is being loaded', async () => {
    const { log, pager } = smallLog(4 * SEGMENT);
    const near = log.attach();
    log.append(NO_OWNER, 'x'.repeat(40 * SEGMENT));
    await eventually('most of it to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    void log.load(near);
    expect(pager.pendingLoads).to.equal(4);
    await eventually('all four to be loaded', () => pager.pendingLoads === 0);
    // Nothing behind them.
    const there = [0, 1, 2, 3, 4].map((index) => log.timeAt(index * SEGMENT) !== undefined);
    expect(there).to.deep.equal([true, true, true, true, false]);
    void log.load(8 * SEGMENT);
    void log.load(20 * SEGMENT);
    expect(pager.pendingLoads).to.equal(5);
  });

  it('loads ahead only what somebody has yet to read', async () => {
    const { log, pager } = smallLog(4 * SEGMENT);
    const first = log.attach();
    log.append(NO_OWNER, 'x'.repeat(2 * SEGMENT));
    // It needs two segments, and the one behind it the rest but for those two.
    log.unfollow();
    const second = log.attach();
    log.append(NO_OWNER, 'y'.repeat(40 * SEGMENT));
    await eventually('most of it to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    log.advance(second, 3 * SEGMENT);
    void log.load(first);
    // Its own two, and of those that it would be followed into all but the one that nobody needs.
    expect(pager.pendingLoads).to.equal(3);
  });

  it('gives readers who ask for the same, and of whom nothing of it is, the same block', () => {
    const { log } = smallLog();
    const cursor = log.attach();
    log.append(1, 'one ');
    log.append(2, 'two');
    const all = log.take(cursor, log.end, 3, SEGMENT);
    for (const owner of [4, NO_OWNER]) expect(log.take(cursor, log.end, owner, SEGMENT)).to.equal(all);
    const texts = (block: Block | null): string[] | undefined => block?.bytes.map(String);
    expect(texts(log.take(cursor, log.end, 1, SEGMENT))).to.deep.equal(['two']);
    for (const [start, end, most, text] of [
      [cursor + 1, log.end, SEGMENT, 'ne two'],
      [cursor, log.end - 1, SEGMENT, 'one tw'],
      [cursor, log.end, 5, 'one t'],
    ] as const) {
      log.take(cursor, log.end, 3, SEGMENT);
      expect(texts(log.take(start, end, 3, most))).to.deep.equal([text]);
    }
    log.append(1, ' three');
    expect(texts(log.take(cursor, log.end, 3, SEGMENT))).to.deep.equal(['one two three']);
  });

  it('gives nobody a block again whose memory is somebody else’s', async () => {
    const { log } = smallLog(SEGMENT);
    const start = log.attach();
    const stopped = log.attach();
    log.append(NO_OWNER, '0123456789abcdef');
    const block = log.take(start, SEGMENT, 3, SEGMENT) as Block;
    log.release(block);
    for (let i = 0; i < 20; i++) log.append(NO_OWNER, `${i}`.padEnd(SEGMENT, '.'));
    await eventually('the first to be on disk', () => log.timeAt(start) === undefined);
    expect(log.take(stopped, SEGMENT, 3, SEGMENT)).to.equal(null);
    await log.load(stopped);
    const again = log.take(stopped, SEGMENT, 3, SEGMENT);
    expect(again?.bytes.map(String)).to.deep.equal(['0123456789abcdef']);
  });

  it('gives a few small pieces as one', () => {
    const { log } = smallLog();
    const cursor = log.attach();
    for (const [owner, text] of [
      [1, 'one '],
      [2, 'two '],
      [1, 'three'],
    ] as const) {
      log.append(owner, text);
    }
    const small = log.take(cursor, log.end, 2, SEGMENT);
    expect(small?.bytes.map(String)).to.deep.equal(['one three']);
    const other = log.take(cursor, log.end, 3, SEGMENT);
    expect(other?.bytes.map(String)).to.deep.equal(['one two three']);
  });

  it('calls those who wait for a line once, after this turn of the event loop, with the notices before it', () => {
    const { log, turn, count } = waited(1);
    log.append(NO_OWNER, 'notice', true);
    log.append(NO_OWNER, 'line');
    log.append(NO_OWNER, 'line');
    expect(count.calls).to.equal(0);
    turn();
    expect(count.calls).to.equal(1);
  });

  it('calls those who wait for notices once, after a turn of the event loop in which nothing more was said', () => {
    const { log, turn, count } = waited(1);
    for (const text of ['one', 'two', 'three']) {
      log.append(NO_OWNER, text, true);
      turn();
      expect(count.calls).to.equal(0);
    }
    turn();
    expect(count.calls).to.equal(1);
    log.append(NO_OWNER, 'four', true);
    turn();
    turn();
    expect(count.calls).to.equal(1);
  });

  it('lets notices wait that come after a line has been given', () => {
    const { log, turn } = smallLog();
    log.attach();
    let calls = 0;
    log.append(NO_OWNER, 'line');
    turn();
    log.notifyOnce({ onAppend: () => calls++ });
    log.append(NO_OWNER, 'notice', true);
    turn();
    expect(calls).to.equal(0);
    turn();
    expect(calls).to.equal(1);
  });

  it('calls them after a millisecond, though a notice comes in every turn', () => {
    const { log, turn, clock, count } = waited(1);
    log.append(NO_OWNER, 'one', true);
    turn();
    log.append(NO_OWNER, 'two', true);
    clock.advance(1);
    turn();
    expect(count.calls).to.equal(1);
  });

  const rooms: [string, number, number][] = [
    ['three at the end of the turn in which a line is said', 3, 1],
    ['four, or sixty-four, after a turn in which nothing more is said', 4, 2],
    ['four, or sixty-four, after a turn in which nothing more is said', 64, 2],
    ['more after one such turn for every sixty-four of them', 65, 3],
    ['more after one such turn for every sixty-four of them', 640, 11],
  ];
  for (const [what, readers, expected] of rooms) {
    it(`calls ${what} (${readers})`, () => {
      const { log, turn, count } = waited(readers, Number.POSITIVE_INFINITY);
      log.append(NO_OWNER, 'line');
      for (let turns = 1; turns < expected; turns++) {
        turn();
        expect(count.calls).to.equal(0);
      }
      turn();
      expect(count.calls).to.equal(readers);
    });
  }

  it('begins to count such turns again when more is said', () => {
    const { log, turn, count } = waited(4);
    for (let lines = 0; lines < 3; lines++) {
      log.append(NO_OWNER, 'line');
      turn();
      expect(count.calls).to.equal(0);
    }
    turn();
    expect(count.calls).to.equal(4);
  });

  it('calls them after 20 µs for each of them, though a line comes in every turn', () => {
    const { log, turn, clock, count } = waited(8);
    log.append(NO_OWNER, 'line');
    clock.advance(0.15);
    turn();
    expect(count.calls).to.equal(0);
    log.append(NO_OWNER, 'line');
    clock.advance(0.02);
    turn();
    expect(count.calls).to.equal(8);
  });

  it('calls many after a millisecond, though much more could come', () => {
    const { log, turn, clock, count } = waited(640, Number.POSITIVE_INFINITY);
    log.append(NO_OWNER, 'x'.repeat(64 * 1024));
    turn();
    clock.advance(1);
    turn();
    expect(count.calls).to.equal(640);
  });

  it('calls them at once when much has been said', () => {
    const { log, count } = waited(1, Number.POSITIVE_INFINITY);
    log.append(NO_OWNER, 'x'.repeat(512 * 1024));
    expect(count.calls).to.equal(1);
  });
});
