import { expect } from 'chai';
import type { Block } from '../../lib/fanout/block.js';
import { MessageLog } from '../../lib/fanout/message-log.js';
import { NO_OWNER } from '../../lib/fanout/segment-index.js';
import { setUpPager } from '../support/pager.js';
import { random } from '../support/random.js';
import { eventually } from '../support/waiting.js';

const SEGMENT = 16;

function setUp(memoryBytes = 1e6) {
  const { pager, clock } = setUpPager({ segmentBytes: SEGMENT, memoryBytes });
  return { log: new MessageLog(SEGMENT, pager, clock), pager, clock };
}

/** Reads the log from a position to its end, as a reader does. */
function readAll(log: MessageLog, start: number, owner = NO_OWNER): string {
  let text = '';
  for (let cursor = start; cursor < log.end; ) {
    const block = log.take(cursor, log.end, owner, SEGMENT);
    if (block === null) throw new Error('the block is on disk');
    text += Buffer.concat(block.bytes).toString('latin1');
    log.release(block);
    cursor = block.next;
  }
  return text;
}

const textsOf = (block: Block | null): string[] | undefined => block?.bytes.map(String);

describe('MessageLog', () => {
  it('gives a reader the bytes since it was attached, across segments, without its own', () => {
    const { log } = setUp();
    log.attach();
    log.append(7, 'before');
    const cursor = log.attach();
    const next = random(3);
    let all = '';
    const without = ['', '', ''];
    for (let i = 0; i < 500; i++) {
      const owner = Math.floor(next() * 3);
      const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(2).slice(0, 1 + Math.floor(next() * 50));
      log.append(owner, text);
      all += text;
      for (const other of [0, 1, 2]) if (other !== owner) without[other] += text;
    }
    expect(readAll(log, cursor)).to.equal(all);
    for (const owner of [0, 1, 2]) expect(readAll(log, cursor, owner)).to.equal(without[owner]);
  });

  it('knows when the bytes in memory were sent', async () => {
    const { log, clock } = setUp(4 * SEGMENT);
    const cursor = log.attach();
    const start = clock.date();
    log.append(NO_OWNER, 'x'.repeat(SEGMENT + 4));
    clock.advance(5);
    log.append(NO_OWNER, 'y'.repeat(SEGMENT));
    expect(log.timeAt(cursor)).to.equal(start);
    expect(log.timeAt(SEGMENT + 3)).to.equal(start);
    expect(log.timeAt(SEGMENT + 4)).to.equal(start + 5);
    expect(log.timeAt(2 * SEGMENT)).to.equal(start + 5);
    expect(log.lastAppendTime).to.equal(start + 5);
    log.append(NO_OWNER, 'z'.repeat(40 * SEGMENT));
    await eventually('the oldest segment to be on disk', () => log.timeAt(cursor) === undefined);
    expect(log.timeAt(1000 * SEGMENT)).to.equal(undefined);
  });
});

describe('MessageLog: memory', () => {
  it('is kept from the cursor of the reader that is furthest behind', () => {
    const { log, pager } = setUp();
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

  it('is not kept without a reader', () => {
    const { log, pager } = setUp();
    log.append(NO_OWNER, 'x'.repeat(10 * SEGMENT + 1));
    expect(pager.memoryBytes).to.equal(SEGMENT);
  });

  it('is not kept for a reader beyond the position at which it ends', () => {
    const { log, pager } = setUp();
    const cursor = log.attach();
    log.append(NO_OWNER, 'x'.repeat(2 * SEGMENT + 3));
    const { end } = log;
    log.unfollow();
    log.append(NO_OWNER, 'y'.repeat(20 * SEGMENT));
    const { memoryBytes } = pager;
    log.append(NO_OWNER, 'y'.repeat(20 * SEGMENT));
    expect(pager.memoryBytes).to.equal(memoryBytes);
    log.detach(cursor, end);
    expect(pager.memoryBytes).to.equal(SEGMENT);
  });

  it('of a block is kept until the block is released, even if its reader was removed', () => {
    const { log, pager } = setUp();
    const cursor = log.attach();
    log.append(NO_OWNER, 'x'.repeat(SEGMENT));
    const block = log.take(cursor, log.end, NO_OWNER, SEGMENT) as Block;
    log.detach(cursor, undefined);
    expect(pager.memoryBytes).to.be.greaterThan(0);
    expect(textsOf(block)).to.deep.equal(['x'.repeat(SEGMENT)]);
    log.release(block);
    expect(pager.memoryBytes).to.equal(0);
  });
});

describe('MessageLog: blocks', () => {
  it('are shared by readers that ask for the same range and own none of it', () => {
    const { log } = setUp();
    const cursor = log.attach();
    log.append(1, 'one ');
    log.append(2, 'two');
    const block = log.take(cursor, log.end, 3, SEGMENT);
    for (const owner of [4, NO_OWNER]) expect(log.take(cursor, log.end, owner, SEGMENT)).to.equal(block);
    expect(textsOf(log.take(cursor, log.end, 1, SEGMENT))).to.deep.equal(['two']);
  });

  it('are not shared by readers that ask for different ranges', () => {
    const { log } = setUp();
    const cursor = log.attach();
    log.append(1, 'one ');
    log.append(2, 'two');
    for (const [start, end, maxBytes, text] of [
      [cursor + 1, log.end, SEGMENT, 'ne two'],
      [cursor, log.end - 1, SEGMENT, 'one tw'],
      [cursor, log.end, 5, 'one t'],
    ] as const) {
      log.take(cursor, log.end, 3, SEGMENT);
      expect(textsOf(log.take(start, end, 3, maxBytes))).to.deep.equal([text]);
    }
    log.append(1, ' three');
    expect(textsOf(log.take(cursor, log.end, 3, SEGMENT))).to.deep.equal(['one two three']);
  });

  it('are not shared after their memory was reused', async () => {
    const { log } = setUp(SEGMENT);
    const start = log.attach();
    const stalled = log.attach();
    log.append(NO_OWNER, '0123456789abcdef');
    log.release(log.take(start, SEGMENT, 3, SEGMENT) as Block);
    for (let i = 0; i < 20; i++) log.append(NO_OWNER, `${i}`.padEnd(SEGMENT, '.'));
    await eventually('the first segment to be on disk', () => log.timeAt(start) === undefined);
    expect(log.take(stalled, SEGMENT, 3, SEGMENT)).to.equal(null);
    await log.load(stalled);
    expect(textsOf(log.take(stalled, SEGMENT, 3, SEGMENT))).to.deep.equal(['0123456789abcdef']);
  });

  it('contain several small pieces as one', () => {
    const { log } = setUp();
    const cursor = log.attach();
    for (const [owner, text] of [
      [1, 'one '],
      [2, 'two '],
      [1, 'three'],
    ] as const) {
      log.append(owner, text);
    }
    expect(textsOf(log.take(cursor, log.end, 2, SEGMENT))).to.deep.equal(['one three']);
    expect(textsOf(log.take(cursor, log.end, 3, SEGMENT))).to.deep.equal(['one two three']);
  });
});

describe('MessageLog: load()', () => {
  it('reads three segments ahead, unless many are being loaded', async () => {
    const { log, pager } = setUp(4 * SEGMENT);
    const cursor = log.attach();
    log.append(NO_OWNER, 'x'.repeat(40 * SEGMENT));
    await eventually('most of the log to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    void log.load(cursor);
    expect(pager.pendingLoads).to.equal(4);
    await eventually('four segments to be loaded', () => pager.pendingLoads === 0);
    const isInMemory = [0, 1, 2, 3, 4].map((index) => log.timeAt(index * SEGMENT) !== undefined);
    expect(isInMemory).to.deep.equal([true, true, true, true, false]);
    void log.load(8 * SEGMENT);
    void log.load(20 * SEGMENT);
    expect(pager.pendingLoads).to.equal(5);
  });

  it('reads ahead only segments that some reader needs', async () => {
    const { log, pager } = setUp(4 * SEGMENT);
    const first = log.attach();
    log.append(NO_OWNER, 'x'.repeat(2 * SEGMENT));
    // The first reader needs the segments 0 and 1, and the second those from 3 on.
    log.unfollow();
    const second = log.attach();
    log.append(NO_OWNER, 'y'.repeat(40 * SEGMENT));
    await eventually('most of the log to be on disk', () => log.timeAt(30 * SEGMENT) === undefined);
    log.advance(second, 3 * SEGMENT);
    void log.load(first);
    expect(pager.pendingLoads).to.equal(3);
  });

  it('copies its newest bytes from a position on, as far as they are in the open segment', () => {
    const { log } = setUp();
    expect(log.tail(0, 100).toString()).to.equal('');
    log.append(0, 'abcdef');
    expect(log.tail(0, 100).toString()).to.equal('abcdef');
    expect(log.tail(4, 100).toString()).to.equal('ef');
    expect(log.tail(6, 100).toString()).to.equal('');
    expect(log.tail(0, 2).toString()).to.equal('ef');
    log.append(0, 'ghijklmnopqrs');
    expect(log.tail(4, 100).toString()).to.equal('qrs');
    log.append(0, 't'.repeat(SEGMENT - 3));
    expect(log.tail(4, 100).toString()).to.equal('');
  });
});
