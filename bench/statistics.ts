/** The median; for an even count, the mean of the two middle numbers. NaN for an empty list. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** @param q from 0 to 1; interpolates linearly between neighbours */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The ratio of two series that were measured in turn. */
export interface Ratio {
  /** The ratio of the two medians. */
  readonly ratio: number;
  /** The quartiles of the ratios of the pairs. */
  readonly spread: readonly [number, number];
  /** Confidence interval of at least 90 % for the median ratio of the pairs. Infinite for fewer than five pairs. */
  readonly range: readonly [number, number];
  readonly pairs: number;
  /** The ratio of each pair. */
  readonly ratios: readonly number[];
}

/** @param of one number for each round, in the same order as `against` */
export function ratioOf(of: readonly number[], against: readonly number[]): Ratio {
  const pairs = Math.min(of.length, against.length);
  const ratios = Array.from(
    { length: pairs },
    (_, round) => (of[round] as number) / (against[round] as number),
  );
  return {
    ratio: median(of.slice(0, pairs)) / median(against.slice(0, pairs)),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    range: medianRange(ratios),
    pairs,
    ratios,
  };
}

/**
 * The confidence interval of at least 90 % for the median of the distribution. Each number is below the true median
 * with a probability of one half, so the count of numbers below it has a binomial distribution.
 */
export function medianRange(numbers: readonly number[]): [number, number] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const count = sorted.length;
  let probability = 0.5 ** count;
  let cumulated = probability;
  let cut = -1;
  while (cumulated <= 0.05) {
    cut++;
    probability *= (count - cut) / (cut + 1);
    cumulated += probability;
  }
  if (cut === -1) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [sorted[cut] as number, sorted[count - 1 - cut] as number];
}
