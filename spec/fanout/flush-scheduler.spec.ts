import { expect } from 'chai';
import { FlushScheduler } from '../../lib/fanout/flush-scheduler.js';
import { FakeClock } from '../support/fake-environment.js';

const KIB = 1024;

/** A scheduler with so many waiting readers. `turn` takes one turn of the event loop. */
function setUp(readers: number) {
  const clock = new FakeClock();
  clock.time = 1000;
  const callbacks: (() => void)[] = [];
  clock.setImmediate = (callback) => void callbacks.push(callback);
  const scheduler = new FlushScheduler(clock, (waiting) => {
    for (const follower of waiting) follower.onAppend(null);
  });
  const count = { calls: 0 };
  const wait = (): void => scheduler.notifyOnce({ onAppend: () => count.calls++ });
  for (let i = 0; i < readers; i++) wait();
  const turn = (): void => {
    for (const callback of callbacks.splice(0)) callback();
  };
  const line = (bytes = 4): void => scheduler.add(bytes, false);
  const notice = (): void => scheduler.add(6, true);
  return { clock, count, wait, turn, line, notice };
}

/** The same in a room whose clients answer each other: the last batch had a line for each reader. */
function setUpBusy(readers: number) {
  const room = setUp(readers);
  for (let i = 0; i < readers; i++) room.line();
  room.clock.advance(1);
  room.turn();
  room.count.calls = 0;
  for (let i = 0; i < readers; i++) room.wait();
  return room;
}

describe('FlushScheduler', () => {
  it('calls a reader once for the lines of a turn, after that turn', () => {
    const { turn, line, count } = setUp(1);
    line();
    line();
    expect(count.calls).to.equal(0);
    turn();
    expect(count.calls).to.equal(1);
  });

  it('calls a reader once for lines between notices, after a turn without new bytes', () => {
    const { turn, line, notice, count } = setUp(1);
    notice();
    line();
    turn();
    expect(count.calls).to.equal(0);
    turn();
    expect(count.calls).to.equal(1);
  });

  it('calls a reader once for notices, after a turn without new bytes', () => {
    const { turn, notice, count } = setUp(1);
    for (let i = 0; i < 3; i++) {
      notice();
      turn();
      expect(count.calls).to.equal(0);
    }
    turn();
    expect(count.calls).to.equal(1);
    notice();
    turn();
    turn();
    expect(count.calls).to.equal(1);
  });

  it('delays notices that follow lines which were flushed', () => {
    const { turn, line, notice, wait, count } = setUp(0);
    line();
    turn();
    wait();
    notice();
    turn();
    expect(count.calls).to.equal(0);
    turn();
    expect(count.calls).to.equal(1);
  });

  for (const [readers, delayMs] of [
    [1, 1],
    [50, 1],
    [200, 4],
    [500, 10],
    [5000, 10],
  ] as const) {
    it(`calls ${readers} readers after ${delayMs} ms even if there is a notice in every turn`, () => {
      const { turn, line, notice, clock, count } = setUp(readers);
      notice();
      turn();
      line();
      notice();
      clock.advance(delayMs - 0.1);
      turn();
      expect(count.calls).to.equal(0);
      notice();
      clock.advance(0.1);
      turn();
      expect(count.calls).to.equal(readers);
    });
  }

  it('calls any number of readers after the turn of a line in a room with few lines', () => {
    const { turn, line, wait, count } = setUp(640);
    for (let lines = 1; lines <= 3; lines++) {
      line();
      turn();
      expect(count.calls).to.equal(640 * lines);
      for (let readers = 0; readers < 640; readers++) wait();
    }
  });

  it('waits for a turn without new bytes in a room with few lines if they have 16 KiB', () => {
    const { turn, line, count } = setUp(4);
    line(16 * KIB);
    turn();
    expect(count.calls).to.equal(0);
    turn();
    expect(count.calls).to.equal(4);
  });

  it('waits no longer after some batches with one line each', () => {
    const { turn, line, wait, count } = setUpBusy(8);
    const batches: number[] = [];
    for (let batch = 0; batch < 8; batch++) {
      line();
      let turns = 0;
      for (const calls = count.calls; count.calls === calls; turns++) turn();
      batches.push(turns);
      for (let readers = 0; readers < 8; readers++) wait();
    }
    expect(batches[0]).to.equal(2);
    expect(batches.at(-1)).to.equal(1);
  });

  for (const [readers, quietTurns] of [
    [3, 0],
    [4, 1],
    [64, 1],
    [65, 2],
    [640, 10],
  ] as const) {
    it(`calls ${readers} readers of a line after ${quietTurns} turns without new bytes in a busy room`, () => {
      const { turn, line, count } = setUpBusy(readers);
      line();
      for (let turns = 0; turns < quietTurns; turns++) {
        turn();
        expect(count.calls).to.equal(0);
      }
      turn();
      expect(count.calls).to.equal(readers);
    });
  }

  it('waits for no further turn in a busy room when there is a line for each reader', () => {
    const { turn, line, count } = setUpBusy(8);
    for (let lines = 0; lines < 7; lines++) line();
    turn();
    expect(count.calls).to.equal(0);
    line();
    turn();
    expect(count.calls).to.equal(8);
  });

  it('waits for a turn without new bytes when there is a notice among as many lines as readers', () => {
    const { turn, line, notice, count } = setUpBusy(4);
    notice();
    for (let lines = 0; lines < 4; lines++) line();
    turn();
    expect(count.calls).to.equal(0);
    turn();
    expect(count.calls).to.equal(4);
  });

  it('counts turns without new bytes from the last line', () => {
    const { turn, line, count } = setUpBusy(4);
    for (let lines = 0; lines < 3; lines++) {
      line();
      turn();
      expect(count.calls).to.equal(0);
    }
    turn();
    expect(count.calls).to.equal(4);
  });

  it('calls readers after 20 µs for each of them even if there is a line in every turn', () => {
    const { turn, line, clock, count } = setUpBusy(8);
    line();
    clock.advance(0.15);
    turn();
    expect(count.calls).to.equal(0);
    line();
    clock.advance(0.02);
    turn();
    expect(count.calls).to.equal(8);
  });

  it('calls any number of readers of lines after 1 ms', () => {
    const { turn, line, clock, count } = setUp(640);
    line(64 * KIB);
    turn();
    clock.advance(1);
    turn();
    expect(count.calls).to.equal(640);
  });

  it('calls readers within the same turn after 512 KiB', () => {
    const { line, count } = setUp(1);
    for (let i = 0; i < 7; i++) line(64 * KIB);
    expect(count.calls).to.equal(0);
    line(64 * KIB);
    expect(count.calls).to.equal(1);
  });
});
