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
  const scheduler = new FlushScheduler(clock);
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

describe('FlushScheduler', () => {
  it('calls a reader once for the lines of a turn and the notices before them, after that turn', () => {
    const { turn, line, notice, count } = setUp(1);
    notice();
    line();
    line();
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

  it('calls a reader after 1 ms even if there is a notice in every turn', () => {
    const { turn, notice, clock, count } = setUp(1);
    notice();
    turn();
    notice();
    clock.advance(1);
    turn();
    expect(count.calls).to.equal(1);
  });

  for (const [readers, quietTurns] of [
    [3, 0],
    [4, 1],
    [64, 1],
    [65, 2],
    [640, 10],
  ] as const) {
    it(`calls ${readers} readers of a line after ${quietTurns} turns without new bytes`, () => {
      const { turn, line, count } = setUp(readers);
      line();
      for (let turns = 0; turns < quietTurns; turns++) {
        turn();
        expect(count.calls).to.equal(0);
      }
      turn();
      expect(count.calls).to.equal(readers);
    });
  }

  it('counts turns without new bytes from the last line', () => {
    const { turn, line, count } = setUp(4);
    for (let lines = 0; lines < 3; lines++) {
      line();
      turn();
      expect(count.calls).to.equal(0);
    }
    turn();
    expect(count.calls).to.equal(4);
  });

  it('calls readers after 20 µs for each of them even if there is a line in every turn', () => {
    const { turn, line, clock, count } = setUp(8);
    line();
    clock.advance(0.15);
    turn();
    expect(count.calls).to.equal(0);
    line();
    clock.advance(0.02);
    turn();
    expect(count.calls).to.equal(8);
  });

  it('calls any number of readers after 1 ms', () => {
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
