import type { Clock } from '../../lib/index.js';

/** A clock that stands until it is told to go on, and turns of the event loop that are taken one by one. */
export class SimulatedClock implements Clock {
  #time = 0;
  /** The clock on the wall: how far it has been set forward or back. */
  #set = 0;
  #timers = new Set<{ at: number; callback: () => void }>();
  #soon: (() => void)[] = [];

  now(): number {
    return this.#time;
  }

  date(): number {
    return Date.UTC(2026, 0, 31, 12) + this.#time + this.#set;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.#time + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  setImmediate(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Callbacks that are due in the next turn. */
  get due(): number {
    return this.#soon.length;
  }

  turn(): void {
    const soon = this.#soon;
    this.#soon = [];
    for (const callback of soon) callback();
  }

  advance(ms: number): void {
    this.#time += ms;
    const late = [...this.#timers].filter(({ at }) => at <= this.#time).sort((a, b) => a.at - b.at);
    for (const timer of late) {
      // One may take back another.
      if (this.#timers.delete(timer)) timer.callback();
    }
  }

  jump(ms: number): void {
    this.#set += ms;
  }
}
