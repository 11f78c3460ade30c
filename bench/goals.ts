import * as C from './contests.js';
import { BATCHED, EXAM, LIMIT, MINI, MOSQUITTO, NATS, REDIS } from './relays.js';
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
  /** A sentence that says why the goal may be missed, if the reason is known. */
  readonly why?: string;
}

const fan = (readers: number, size: number, against: string, atLeast: number, of = MINI): Goal => ({
  contest: C.nameOf(readers, size),
  of,
  against,
  atLeast,
});

/** The factors are those of the tables in docs/performance.md. */
const faster = (broker: string, factor: number): string =>
  `${broker} delivers ${factor} times as many lines as under the load for which this goal was set`;

export const GOALS: readonly Goal[] = [
  fan(1, 100, LIMIT, 0.5),
  fan(10, 100, LIMIT, 0.9),
  fan(10, 100, EXAM, 50),
  fan(100, 100, LIMIT, 0.95),
  fan(500, 100, LIMIT, 0.95),
  fan(10, 16, LIMIT, 0.75),
  fan(10, 100, LIMIT, 0.5, C.FILTERED),
  fan(1, 100, REDIS, 5),
  fan(10, 100, REDIS, 5),
  { ...fan(100, 100, REDIS, 15), why: faster('Redis', 1.7) },
  { ...fan(1, 100, NATS, 3), why: faster('NATS', 2.3) },
  { ...fan(10, 100, NATS, 7), why: faster('NATS', 2) },
  { ...fan(100, 100, NATS, 15), why: faster('NATS', 2.1) },
  { ...fan(1, 100, MOSQUITTO, 150), why: faster('mosquitto', 4.3) },
  ...[10, 100].map((readers) => fan(readers, 100, MOSQUITTO, 150)),
  ...C.GROWTH.map((readers) => fan(readers, 100, LIMIT, 0.95)),
  { contest: C.PACED, of: MINI, against: BATCHED, metric: 'p50', atMost: 1.1 },
  { contest: C.PACED, of: MINI, against: BATCHED, metric: 'p99', atMost: 1.15 },
  { contest: C.CLOSED_100, of: MINI, against: LIMIT, atLeast: 0.6 },
  { contest: C.CLOSED_100, of: MINI, against: BATCHED, atLeast: 1.15 },
  { contest: C.CLOSED_10, of: MINI, against: LIMIT, metric: 'p50', atMost: 1.4 },
  { contest: C.CHURN, of: MINI, against: LIMIT, atLeast: 0.9 },
  ...C.STORMS.map(C.stormName).flatMap((contest) => [
    { contest, of: MINI, against: LIMIT, atMost: 3 },
    { contest, of: MINI, metric: 'p99', atMost: 100 },
  ]),
  {
    contest: C.STALLED,
    of: MINI,
    against: C.UNDISTURBED,
    atLeast: 0.92,
    why: 'senders wait for the disk for a part of the time',
  },
  { contest: C.OUTPUT, of: C.TO_FILE, against: C.ONE_MORE, atLeast: 0.85 },
  { contest: C.idleName(10_000), of: MINI, atMost: 6.5 },
  { contest: C.START, of: MINI, against: C.NODE, atMost: 1.4 },
];

/** The goals of a contest that can be judged by the entries that take part. */
export function goalsOf(contest: string, entries: readonly { readonly name: string }[]): Goal[] {
  const takesPart = (name: string | undefined): boolean => entries.some((entry) => entry.name === name);
  return GOALS.filter((goal) => goal.contest === contest && takesPart(goal.of)).filter(
    ({ against }) => against === undefined || takesPart(against),
  );
}

/** Whether a goal needs this entry. Other entries are measured in fewer rounds, and not by `--check`. */
export function isJudged(contest: string, entry: string): boolean {
  return GOALS.some((goal) => goal.contest === contest && (goal.of === entry || goal.against === entry));
}

/**
 * `undecided`: the ratio misses the goal, but noise can explain it. `unknown`: not measured, or there is nothing to
 * compare with.
 */
export type Verdict = 'met' | 'missed' | 'undecided' | 'unknown';

const NO_TIME = 'no time left';

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
  if (contest === undefined || of === undefined) return { goal, verdict: 'unknown', reason: NO_TIME };
  if (of.disqualified !== undefined)
    return { goal, verdict: 'missed', reason: `disqualified: ${of.disqualified}` };
  if (of.missing !== undefined) return { goal, verdict: 'unknown', reason: of.missing };
  const metric = goal.metric ?? contest.metric;
  const numbers = of.samples.map((sample) => sample[metric] as number);
  if (numbers.length === 0) return { goal, verdict: 'unknown', reason: NO_TIME };
  const ones = numbers.map(() => 1);
  if (goal.against === undefined) return verdict(goal, ratioOf(numbers, ones));
  const against = entry(goal.against);
  if (against?.missing !== undefined) return { goal, verdict: 'unknown', reason: against.missing };
  if (against?.disqualified !== undefined)
    return { goal, verdict: 'unknown', reason: `${goal.against}: ${against.disqualified}` };
  if (against === undefined || against.samples.length === 0)
    return { goal, verdict: 'unknown', reason: NO_TIME };
  const others = against.samples.map((sample) => sample[metric] as number);
  return verdict(goal, ratioOf(numbers, others));
}

function verdict(goal: Goal, measured: Ratio): Judged {
  if (isWithin(goal, measured.ratio)) return { goal, verdict: 'met', measured };
  const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = goal;
  const [from, to] = measured.range;
  return { goal, verdict: to < atLeast || from > atMost ? 'missed' : 'undecided', measured };
}

function isWithin(
  { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Goal,
  ratio: number,
): boolean {
  return ratio >= atLeast && ratio <= atMost;
}

/**
 * Whether more rounds would hardly change the verdict: the goal is missed or cannot be judged, or it is met by every pair
 * or with a certainty of at least 90 %.
 */
export function isSettled({ goal, verdict, measured }: Judged): boolean {
  if (verdict !== 'met' || measured === undefined) return verdict !== 'undecided';
  return [measured.ratios, measured.range].some((ratios) => ratios.every((ratio) => isWithin(goal, ratio)));
}

/** The share of pairs that contradict the other ones. The smaller it is, the nearer is a decision. */
export function minority({ goal, measured }: Judged): number {
  const { ratios = [] } = measured ?? {};
  const share = ratios.filter((ratio) => isWithin(goal, ratio)).length / ratios.length;
  return Math.min(share, 1 - share);
}

/**
 * The exit code of `--check`: 1 if a goal is missed, if there was no time to measure one, or if no goal could be judged.
 * An undecided goal is no failure, and neither is a goal that needs a program which is not installed.
 */
export function exitCode(judged: readonly Judged[]): number {
  const known = judged.some(({ verdict }) => verdict !== 'unknown');
  const failed = judged.some(({ verdict, reason }) => verdict === 'missed' || reason === NO_TIME);
  return known && !failed ? 0 : 1;
}

/** The median of an entry; undefined if it has no valid measurement. */
export function medianOf(contest: ContestResult, name: string, metric = contest.metric): number | undefined {
  const entry = contest.entries.find((each) => each.name === name);
  if (entry === undefined || entry.disqualified !== undefined || entry.samples.length === 0) return undefined;
  return median(entry.samples.map((sample) => sample[metric] as number));
}
