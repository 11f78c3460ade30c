/** Something measured: when, in any unit of time, and what. */
export type Point = readonly [time: number, value: number];

export interface Slope {
  /** The median of the slopes between any two points (Theil and Sen): some points far off do not move it. */
  readonly median: number;
  /** The slope is between these two with a probability of 99 %, as far as the noise is independent. */
  readonly lower: number;
  readonly upper: number;
}

/** The quantile of the normal distribution for 99 %, from both sides. */
const Z = 2.576;
/** From fewer points nothing can be said. */
export const FEWEST = 8;

/** @throws RangeError if there are too few points */
export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  if (count < FEWEST) throw new RangeError(`a slope wants ${FEWEST} points, and not ${count}`);
  const slopes: number[] = [];
  for (const [i, [time, value]] of points.entries()) {
    for (const [later, then] of points.slice(i + 1)) slopes.push((then - value) / (later - time));
  }
  slopes.sort((a, b) => a - b);
  // Sen 1968: as many ranks to either side of the median as Kendall's statistic varies by.
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

/** What is left when a process has warmed up: the last two thirds. */
export function settled(points: readonly Point[]): readonly Point[] {
  return points.slice(Math.ceil(points.length / 3));
}

/**
 * `grows`: by more than the bound, beyond doubt; `flat`: by no more, beyond doubt; `unclear`: the noise is too
 * large, or the time too short, to tell.
 */
export type Verdict = 'grows' | 'flat' | 'unclear';

export function judge({ lower, upper }: Slope, bound: number): Verdict {
  if (lower > bound) return 'grows';
  return upper <= bound ? 'flat' : 'unclear';
}
