import type { Sample } from '../feed/frames.js';

/** The charts cover this much time. */
export const SPAN_MS = 5 * 60_000;
/** A longer time between two samples is a gap, in which the page and the relay were not connected. */
const MAX_STEP_MS = 5_000;

/** The values of one line in a chart. A null is a gap. */
export type Values = (number | null)[];

/** The samples of the last five minutes. */
export class History {
  #samples: Sample[] = [];

  /** Replaces all samples, which may belong to another run of the relay. */
  reset(samples: readonly Sample[]): void {
    this.#samples = [...samples];
    this.#trim();
  }

  add(sample: Sample): void {
    // The last sample of the history and the first one of the feed may be the same.
    if (sample.time <= (this.latest?.time ?? Number.NEGATIVE_INFINITY)) return;
    this.#samples.push(sample);
    this.#trim();
  }

  get latest(): Sample | undefined {
    return this.#samples.at(-1);
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Seconds before the latest sample, at most 0. */
  get seconds(): number[] {
    const end = this.latest?.time ?? 0;
    return this.#samples.map(({ time }) => (time - end) / 1000);
  }

  /** The value of each sample. */
  levels(key: keyof Sample): Values {
    return this.#samples.map((sample, i) => (this.#isAfterGap(i) ? null : sample[key]));
  }

  /** How fast a counter grew before each sample, per second. */
  rates(key: keyof Sample): Values {
    return this.#samples.map((sample, i) => {
      const last = this.#samples[i - 1];
      if (last === undefined || this.#isAfterGap(i)) return null;
      return (Math.max(0, sample[key] - last[key]) * 1000) / (sample.time - last.time);
    });
  }

  #isAfterGap(index: number): boolean {
    const last = this.#samples[index - 1];
    const sample = this.#samples[index] as Sample;
    return last !== undefined && sample.time - last.time > MAX_STEP_MS;
  }

  #trim(): void {
    const start = (this.latest?.time ?? 0) - SPAN_MS;
    const first = this.#samples.findIndex(({ time }) => time >= start);
    if (first > 0) this.#samples.splice(0, first);
  }
}

export interface Summary {
  readonly now: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Returns undefined if there is no value. */
export function summarize(values: Values): Summary | undefined {
  const known = values.filter((value) => value !== null);
  const now = known.at(-1);
  if (now === undefined) return undefined;
  return { now, lowest: Math.min(...known), highest: Math.max(...known) };
}
