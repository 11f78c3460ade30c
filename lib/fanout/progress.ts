/**
 * Whether a reader makes progress. `slow`: it has taken nothing for longer than its pace explains, as can happen to any
 * process for a moment. `stalled`: for much longer.
 */
export type Progress = 'active' | 'slow' | 'stalled';

// The kernel takes data in bursts of 1 MB and more, so the pace of a slow reader shows in the longest of its recent
// waits. A reader that takes longer than 5 s for a burst, which is some 200 KB/s, counts as stalled.
const SLOW_AFTER_MS = 200;
const SLOW_AFTER_PACES = 2;
const STALLED_AFTER_MS = 2000;
const STALLED_AFTER_PACES = 4;
const STALLED_AFTER_MAX_MS = 20_000;
/** The part of the longest wait that is remembered one block later. */
const PACE_DECAY = 0.95;

/**
 * @param waitedMs how long the block in flight has not been taken
 * @param paceMs the longest recent wait, see {@link nextPace}
 */
export function progressOf(waitedMs: number, paceMs: number): Progress {
  if (waitedMs <= Math.max(SLOW_AFTER_MS, SLOW_AFTER_PACES * paceMs)) return 'active';
  const stalledAfterMs = Math.max(STALLED_AFTER_MS, STALLED_AFTER_PACES * paceMs);
  return waitedMs <= Math.min(STALLED_AFTER_MAX_MS, stalledAfterMs) ? 'slow' : 'stalled';
}

/** Returns the pace after a block that was taken within `tookMs`. */
export function nextPace(paceMs: number, tookMs: number): number {
  return Math.max(tookMs, paceMs * PACE_DECAY);
}
