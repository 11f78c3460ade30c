/** A measured value at a time in any unit. */
export type Point = readonly [time: number, value: number];

export interface Slope {
  /** The median of the slopes between all pairs of points (Theil–Sen), which outliers do not move. */
  readonly median: number;
  /** Bounds of the 99 % confidence interval, if the noise is independent. */
  readonly lower: number;
  readonly upper: number;
}

/** The two-sided 99 % quantile of the normal distribution. */
const Z = 2.576;
/** A slope of fewer points would have no useful confidence interval. */
export const MIN_POINTS = 8;

/** @throws RangeError if there are too few points */
export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  if (count < MIN_POINTS) throw new RangeError(`slope: expected at least ${MIN_POINTS} points, got ${count}`);
  const slopes: number[] = [];
  for (const [i, [time, value]] of points.entries()) {
    for (const [later, then] of points.slice(i + 1)) slopes.push((then - value) / (later - time));
  }
  slopes.sort((a, b) => a - b);
  // Sen 1968: the interval spans as many ranks around the median as the spread of Kendall's statistic.
  const spread = Z * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (rank: number): number =>
    slopes[Math.min(slopes.length - 1, Math.max(0, Math.round(rank)))] as number;
  const middle = (slopes.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    lower: at(middle - spread / 2),
    upper: at(middle + spread / 2),
  };
}

/** The last two thirds of the points, after the warm-up of the process. */
export function settled(points: readonly Point[]): readonly Point[] {
  return points.slice(Math.ceil(points.length / 3));
}

/**
 * `grows`: certainly more than the bound; `flat`: certainly not more; `unclear`: too much noise or too short a time to
 * decide.
 */
export type Verdict = 'grows' | 'flat' | 'unclear';

export function judge({ lower, upper }: Slope, bound: number): Verdict {
  if (lower > bound) return 'grows';
  return upper <= bound ? 'flat' : 'unclear';
}
