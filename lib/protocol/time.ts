/** The time of the bytes of a block from byte `at` to the next mark. `time` is in milliseconds since 1970. */
export interface TimeMark {
  readonly at: number;
  readonly time: number;
}

/** Returns the time of the byte at `offset` of a block, or undefined if the block has no mark up to there. */
export function timeAt(marks: readonly TimeMark[], offset: number): number | undefined {
  return marks.findLast(({ at }) => at <= offset)?.time;
}

let lastTime = Number.NaN;
let lastISO = '';

/**
 * Formats a time as ISO 8601 in UTC. Remembers the last result, because many lines share one millisecond.
 *
 * @param time in milliseconds since 1970
 */
export function toISO(time: number): string {
  if (time !== lastTime) {
    lastTime = time;
    lastISO = new Date(time).toISOString();
  }
  return lastISO;
}
