import type { Clock } from '../../lib/index.js';

const START_DATE = Date.UTC(2026, 0, 31, 12);

/** A clock that moves only when the schedule advances it, and turns of the event loop that are run one by one. */
export class SimulatedClock implements Clock {
  #time = 0;
  /** How far the wall clock was set forward or back, in milliseconds. */
  #dateOffset = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();
  #immediates: (() => void)[] = [];

  now(): number {
    return this.#time;
  }

  date(): number {
    return START_DATE + this.#time + this.#dateOffset;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.#time + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  setImmediate(callback: () => void): void {
    this.#immediates.push(callback);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  get pendingImmediates(): number {
    return this.#immediates.length;
  }

  /** Runs the callbacks of one turn of the event loop. */
  turn(): void {
    const immediates = this.#immediates;
    this.#immediates = [];
    for (const callback of immediates) callback();
  }

  advance(ms: number): void {
    this.#time += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.#time).sort((a, b) => a.at - b.at);
    for (const timer of due) {
      // The callback of an earlier timer may have cancelled this one.
      if (this.#timers.delete(timer)) timer.callback();
    }
  }

  /** Sets the wall clock forward or back. */
  jump(ms: number): void {
    this.#dateOffset += ms;
  }
}
