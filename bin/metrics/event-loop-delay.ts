import { Histogram } from './histogram.js';

const INTERVAL_MS = 50;
const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/**
 * Measures how late timers are, which is how long the event loop takes for a turn. `monitorEventLoopDelay` of Node has only
 * percentiles since the start, which cannot be combined over relays or limited to the last minutes.
 */
export class EventLoopDelay {
  readonly seconds = new Histogram(BOUNDS_S);
  readonly #timer: NodeJS.Timeout;
  #dueAt = performance.now() + INTERVAL_MS;

  constructor() {
    this.#timer = setInterval(() => this.#measure(), INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #measure(): void {
    const now = performance.now();
    // Node may call a timer up to a millisecond early.
    this.seconds.add(Math.max(0, now - this.#dueAt) / 1000);
    this.#dueAt = now + INTERVAL_MS;
  }
}
