// Decides which contest is measured next.
import { isSettled, type Judged, minority } from './goals.js';

/** The state of a contest during a run. */
export interface Progress {
  /** Rounds measured so far. */
  readonly rounds: number;
  /** The longest round so far; 0 before the first. */
  readonly roundMs: number;
  /** The goals of the contest, as judged now. */
  readonly judged: readonly Judged[];
}

export interface Plan {
  /** Every contest is measured in as many rounds, in turn. */
  readonly rounds: number;
  /** Upper bound for the rounds of a contest whose goals are not settled. */
  readonly maxRounds: number;
}

/** Contests in which fewer rounds were measured cannot be decided. See `medianRange`. */
const ROUNDS_TO_DECIDE = 5;

/**
 * Returns the index of the next contest, or undefined if nothing is left to measure. All contests come first, in turn. The
 * rest of the time is for goals that are not settled, undecided ones before those that are met. Among them, contests with
 * too few rounds for a decision come first, then those that are nearest to a decision.
 *
 * @param leftMs the time that is left; a contest that takes longer is not started
 */
export function nextContest(contests: readonly Progress[], plan: Plan, leftMs: number): number | undefined {
  const affordable = [...contests.keys()].filter((index) => (contests[index] as Progress).roundMs < leftMs);
  const all = affordable
    .map((index) => ({ index, ...(contests[index] as Progress) }))
    .map((contest) => ({ ...contest, urgency: urgencyOf(contest, plan) }))
    .filter(({ urgency }) => urgency !== undefined);
  all.sort((a, b) => compare(a.urgency as number[], b.urgency as number[]));
  return all[0]?.index;
}

/** Numbers that are compared one after the other, the smallest first; undefined: the contest is complete. */
function urgencyOf({ rounds, judged }: Progress, plan: Plan): number[] | undefined {
  if (rounds < plan.rounds) return [0, rounds];
  const open = judged.filter((each) => !isSettled(each));
  if (open.length === 0 || rounds >= plan.maxRounds) return undefined;
  const isUndecided = open.some(({ verdict }) => verdict === 'undecided');
  const order = isUndecided ? 1 : 2;
  if (rounds < ROUNDS_TO_DECIDE) return [order, 0, rounds];
  return [order, 1, Math.min(...open.map(minority))];
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at === -1 ? 0 : (a[at] as number) - (b[at] as number);
}
