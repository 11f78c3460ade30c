import { expect } from 'chai';
import { Pager } from '../lib/pager.js';
import { RoomLog } from '../lib/room-log.js';
import { NOBODY, Runs } from '../lib/runs.js';
import { Spill } from '../lib/spill.js';
import { random } from './support/random.js';
import { fakeWorld } from './support/world.js';

const SEGMENT = 16;

function smallLog(memory = 1e6) {
  const { clock, fs } = fakeWorld();
  const spill = new Spill({ fs, dir: '/spill', limit: undefined, warn: () => {} });
  const silent = { warn: () => {}, room: () => {}, spillRoom: () => {} };
  const pager = new Pager({ clock, spill, segmentSize: SEGMENT, memory, ...silent });
  const turns: (() => void)[] = [];
  clock.soon = (callback) => void turns.push(callback);
  const log = new RoomLog(SEGMENT, pager, clock);
  const turn = (): void => {
    for (const callback of turns.splice(0)) callback();
  };
  return { log, pager, turn, clock };
}

/** All that a reader at `cursor` is given up to the end. */
function readAll(log: RoomLog, start: number, owner = NOBODY): string {
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
    log.append(NOBODY, 'x'.repeat(10 * SEGMENT));
    const all = pager.memory;
    log.advance(first, log.end);
    expect(pager.memory).to.equal(all);
    log.advance(second, 5 * SEGMENT);
    expect(pager.memory).to.equal(all / 2);
    log.detach(5 * SEGMENT, undefined);
    expect(pager.memory).to.equal(0);
  });

  it('is not kept at all where nobody reads', () => {
    const { log, pager } = smallLog();
    log.append(NOBODY, 'x'.repeat(10 * SEGMENT + 1));
    expect(pager.memory).to.equal(SEGMENT);
  });

  it('is not kept for a reader beyond where it ends', () => {
    const { log, pager } = smallLog();
    const cursor = log.attach();
    log.append(NOBODY, 'x'.repeat(2 * SEGMENT + 3));
    const end = log.end;
    log.unfollow();
    log.append(NOBODY, 'y'.repeat(20 * SEGMENT));
    const weight = pager.memory;
    log.append(NOBODY, 'y'.repeat(20 * SEGMENT));
    expect(pager.memory).to.equal(weight);
    log.detach(cursor, end);
    expect(pager.memory).to.equal(SEGMENT);
  });

  it('lends memory until it is given back, though nobody needs it any more', () => {
    const { log, pager } = smallLog();
    const cursor = log.attach();
    log.append(NOBODY, 'x'.repeat(SEGMENT));
    const block = log.take(cursor, log.end, NOBODY, SEGMENT);
    log.detach(cursor, undefined);
    expect(pager.memory).to.be.greaterThan(0);
    expect(Buffer.concat(block?.bytes ?? []).toString()).to.equal('x'.repeat(SEGMENT));
    if (block !== null) log.release(block);
    expect(pager.memory).to.equal(0);
  });

  it('calls those who wait once, after a turn of the event loop in which nothing more was said', () => {
    const { log, turn } = smallLog();
    log.attach();
    let calls = 0;
    log.wait(() => calls++);
    for (const text of ['one', 'two', 'three']) {
      log.append(NOBODY, text);
      turn();
      expect(calls).to.equal(0);
    }
    turn();
    expect(calls).to.equal(1);
    log.append(NOBODY, 'four');
    turn();
    turn();
    expect(calls).to.equal(1);
  });

  it('calls them after a millisecond, though more is said in every turn', () => {
    const { log, turn, clock } = smallLog();
    log.attach();
    let calls = 0;
    log.wait(() => calls++);
    log.append(NOBODY, 'one');
    turn();
    log.append(NOBODY, 'two');
    clock.advance(1);
    turn();
    expect(calls).to.equal(1);
  });

  it('calls them at once when much has been said', () => {
    const { log } = smallLog(Number.POSITIVE_INFINITY);
    log.attach();
    let calls = 0;
    log.wait(() => calls++);
    log.append(NOBODY, 'x'.repeat(512 * 1024));
    expect(calls).to.equal(1);
  });
});

describe('runs', () => {
  it('come back from their bytes, with ids of any size', () => {
    const runs = new Runs();
    for (let i = 0; i < 100; i++) runs.add(i % 2 === 0 ? Number.MAX_SAFE_INTEGER - i : NOBODY, (i + 1) * 10);
    const again = Runs.fromBytes(runs.toBytes());
    expect(again.count).to.equal(100);
    for (let i = 0; i < 100; i++) {
      expect(again.owner(i)).to.equal(runs.owner(i));
      expect(again.end(i)).to.equal(runs.end(i));
      expect(again.find(i * 10)).to.equal(i);
      expect(again.find(i * 10 + 9)).to.equal(i);
    }
  });

  it('of one owner are one', () => {
    const runs = new Runs();
    runs.add(1, 10);
    runs.add(1, 20);
    expect(runs.count).to.equal(1);
    expect(runs.end(0)).to.equal(20);
  });
});
