import type { Sample } from './metric.js';

/** Counts values in buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** For each bound: values that are at most as large. */
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds the largest values of the buckets, in ascending order */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.#sum += value;
    this.#count++;
    for (const [i, bound] of this.#bounds.entries()) {
      if (value <= bound) this.#counts[i] = (this.#counts[i] ?? 0) + 1;
    }
  }

  get samples(): Sample[] {
    const buckets = this.#bounds.map((bound, i) => bucket(bound.toString(), this.#counts[i] ?? 0));
    return [
      ...buckets,
      bucket('+Inf', this.#count),
      { suffix: '_sum', value: this.#sum },
      { suffix: '_count', value: this.#count },
    ];
  }
}

function bucket(le: string, value: number): Sample {
  return { suffix: '_bucket', labels: { le }, value };
}
