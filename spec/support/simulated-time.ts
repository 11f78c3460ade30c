import type { Clock } from '../../lib/util/environment.js';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that only `advance` moves. Between two timers all promises and immediates run. */
export class SimulatedTime {
  now = 0;
  #timers: Timer[] = [];
  #order = 0;

  readonly clock: Clock = {
    now: () => this.now,
    date: () => 1e12 + this.now,
    setTimer: (ms, callback) => this.setTimer(ms, callback),
    setImmediate: (callback) => void this.setTimer(0, callback),
  };

  /** Returns a function that cancels the timer. */
  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.now + ms, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await turn();
    for (let next = this.#takeNext(end); next !== undefined; next = this.#takeNext(end)) {
      this.now = Math.max(this.now, next.at);
      next.callback();
      await turn();
    }
    this.now = end;
  }

  #takeNext(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      const isEarlier =
        next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order);
      if (timer.at <= end && isEarlier) next = timer;
    }
    if (next !== undefined) this.#timers.splice(this.#timers.indexOf(next), 1);
    return next;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
