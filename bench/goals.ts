import * as C from './contests.js';
import { BROKER, EXAM, LIMIT, MINI } from './relays.js';
import type { ContestResult } from './results.js';
import { median, type Ratio, ratioOf } from './statistics.js';

/** A bound for the ratio of two entries of a contest, or for a figure of one entry. */
export interface Goal {
  readonly contest: string;
  readonly of: string;
  /** The entry to compare with; undefined: the figure itself is judged. */
  readonly against?: string;
  /** The figure to judge; undefined: the metric of the contest. */
  readonly metric?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const fan = (readers: number, size: number, against: string, atLeast: number, of = MINI): Goal => ({
  contest: C.nameOf(readers, size),
  of,
  against,
  atLeast,
});

export const GOALS: readonly Goal[] = [
  fan(1, 100, LIMIT, 0.45),
  fan(10, 100, LIMIT, 0.7),
  fan(10, 100, EXAM, 50),
  fan(10, 100, BROKER, 1.5),
  fan(100, 100, LIMIT, 0.95),
  fan(100, 100, EXAM, 90),
  fan(100, 100, BROKER, 2.5),
  fan(500, 100, LIMIT, 0.95),
  fan(500, 100, EXAM, 110),
  fan(10, 16, LIMIT, 0.8),
  fan(10, 100, LIMIT, 0.4, C.FILTERED),
  { contest: C.PACED, of: MINI, against: LIMIT, metric: 'p50', atMost: 1.2 },
  { contest: C.PACED, of: MINI, against: LIMIT, metric: 'p99', atMost: 1.5 },
  { contest: C.CLOSED_100, of: MINI, against: LIMIT, atLeast: 1 },
  { contest: C.CLOSED_10, of: MINI, against: LIMIT, metric: 'p50', atMost: 1.6 },
  { contest: C.CHURN, of: MINI, against: LIMIT, atLeast: 0.3 },
  { contest: C.CHURN, of: MINI, against: EXAM, atLeast: 1.3 },
  { contest: C.STALLED, of: MINI, against: C.UNDISTURBED, atLeast: 0.9 },
  { contest: C.WRITES, of: MINI, atMost: 0.01 },
  { contest: C.idleName(10_000), of: MINI, atMost: 7 },
  // A transcript in a file costs no more than one more reader: the other readers receive as many lines per second.
  { contest: C.OUTPUT, of: C.TO_FILE, against: C.ONE_MORE, atLeast: 1 },
  { contest: C.START, of: MINI, against: C.NODE, atMost: 1.5 },
];

/**
 * `undecided`: the ratio misses the goal, but noise can explain it. `unknown`: not measured, or there is nothing to
 * compare with.
 */
export type Verdict = 'met' | 'missed' | 'undecided' | 'unknown';

export interface Judged {
  readonly goal: Goal;
  readonly verdict: Verdict;
  readonly measured?: Ratio;
  /** The reason, if the verdict does not follow from the figures. */
  readonly reason?: string;
}

export function judge(goal: Goal, results: readonly ContestResult[]): Judged {
  const contest = results.find(({ name }) => name === goal.contest);
  const entry = (name: string) => contest?.entries.find((each) => each.name === name);
  const of = entry(goal.of);
  if (contest === undefined || of === undefined) return { goal, verdict: 'unknown', reason: 'not measured' };
  if (of.disqualified !== undefined)
    return { goal, verdict: 'missed', reason: `disqualified: ${of.disqualified}` };
  if (of.missing !== undefined) return { goal, verdict: 'unknown', reason: of.missing };
  const metric = goal.metric ?? contest.metric;
  const numbers = of.samples.map((sample) => sample[metric] as number);
  if (numbers.length === 0) return { goal, verdict: 'unknown', reason: 'not measured' };
  const ones = numbers.map(() => 1);
  if (goal.against === undefined) return verdict(goal, ratioOf(numbers, ones));
  const against = entry(goal.against);
  const reason = against?.missing ?? against?.disqualified;
  if (against === undefined || reason !== undefined || against.samples.length === 0) {
    return { goal, verdict: 'unknown', reason: `${goal.against}: ${reason ?? 'not measured'}` };
  }
  const others = against.samples.map((sample) => sample[metric] as number);
  return verdict(goal, ratioOf(numbers, others));
}

function verdict(goal: Goal, measured: Ratio): Judged {
  const { ratio, range } = measured;
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal;
  if (ratio >= atLeast && ratio <= atMost) return { goal, verdict: 'met', measured };
  const beyond = range[1] < atLeast || range[0] > atMost;
  return { goal, verdict: beyond ? 'missed' : 'undecided', measured };
}

/** The exit code of `--check`: 1 if a goal is missed, or if no goal could be judged. */
export function exitCode(judged: readonly Judged[]): number {
  const known = judged.some(({ verdict }) => verdict !== 'unknown');
  return !known || judged.some(({ verdict }) => verdict === 'missed') ? 1 : 0;
}

/** The median of an entry; undefined if it has no valid measurement. */
export function medianOf(contest: ContestResult, name: string, metric = contest.metric): number | undefined {
  const entry = contest.entries.find((each) => each.name === name);
  if (entry === undefined || entry.disqualified !== undefined || entry.samples.length === 0) return undefined;
  return median(entry.samples.map((sample) => sample[metric] as number));
}
