/** The middle of some numbers; of an even count, the mean of the two in the middle. NaN of none. */
export function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** @param q from 0 to 1; what lies between two numbers is divided in proportion */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** A ratio of two that were measured in turn. */
export interface Ratio {
  /** Of the two medians. */
  readonly ratio: number;
  /** Of the pairs: the quartiles of their own ratios. */
  readonly spread: readonly [number, number];
  /** Where the median of the pairs' ratios lies, whatever the noise: at least 90 % certain. Infinite for too few. */
  readonly range: readonly [number, number];
  readonly pairs: number;
}

/** @param of one number a round; `against` has that of the same round at the same place */
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
  };
}

/**
 * Between which two of the numbers the median of what they are drawn from lies, at least 90 % certain: each number is
 * below it as often as above, so how many are below is a matter of tossing coins.
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
