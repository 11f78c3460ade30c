// Measures contests in turn until the schedule has nothing left or the time is over.
import { builtPath } from './build.js';
import type { Contest, Entry } from './contests.js';
import { goalsOf, isJudged, type Judged, judge } from './goals.js';
import { measure } from './measure.js';
import { ALSO, type Relay, versionOf } from './relays.js';
import type { ContestResult } from './results.js';
import { nextContest, type Plan, type Progress } from './schedule.js';

export interface Limits extends Plan {
  /** The length of a measurement and of the load before it, in seconds. */
  readonly seconds: number;
  readonly warmup: number;
  /** A relay that takes longer for one measurement is disqualified. */
  readonly maxMeasurementMs: number;
  /** The time, as `performance.now()`, at which the run ends, even within a measurement. */
  readonly deadline: number;
}

/** Rounds in which entries without a goal are measured. */
const ROUNDS_WITHOUT_GOAL = 3;
const NO_STRACE = versionOf('strace') === undefined ? 'strace is not installed' : undefined;

/** Whether the entry is measured in every round: it has a goal, or is the relay of `--also`. */
export function isNeeded(contest: string, { name }: Entry): boolean {
  return name === ALSO || isJudged(contest, name);
}

export class Run {
  readonly results: ContestResult[];
  readonly #contests: readonly Contest[];
  readonly #relays: ReadonlyMap<string, Relay>;
  readonly #limits: Limits;
  readonly #log: (text: string) => void;
  readonly #rounds: number[];
  readonly #roundMs: number[];

  constructor(
    contests: readonly Contest[],
    relays: ReadonlyMap<string, Relay>,
    limits: Limits,
    log: (text: string) => void,
  ) {
    this.#contests = contests;
    this.#relays = relays;
    this.#limits = limits;
    this.#log = log;
    this.#rounds = contests.map(() => 0);
    this.#roundMs = contests.map(() => 0);
    this.results = contests.map(({ name, metric, unit, less = false, entries }) => ({
      ...{ name, metric, unit, less },
      entries: entries.map((entry) => ({ name: entry.name, samples: [] })),
    }));
  }

  async measureAll(): Promise<void> {
    for (;;) {
      const leftMs = this.#limits.deadline - performance.now();
      const next = leftMs <= 0 ? undefined : nextContest(this.#progress(), this.#limits, leftMs);
      if (next === undefined) return;
      const startedAt = performance.now();
      await this.#measureContest(next);
      this.#rounds[next] = (this.#rounds[next] as number) + 1;
      this.#roundMs[next] = Math.max(this.#roundMs[next] as number, performance.now() - startedAt);
    }
  }

  judge(): Judged[] {
    return this.#contests.flatMap((contest) => this.#judge(contest));
  }

  #judge({ name, entries }: Contest): Judged[] {
    return goalsOf(name, entries).map((goal) => judge(goal, this.results));
  }

  #progress(): Progress[] {
    return this.#contests.map((contest, index) => ({
      rounds: this.#rounds[index] as number,
      roundMs: this.#roundMs[index] as number,
      judged: this.#judge(contest),
    }));
  }

  /** Measures each entry of a contest once, one after the other. */
  async #measureContest(index: number): Promise<void> {
    const contest = this.#contests[index] as Contest;
    const { name, entries, warmup = this.#limits.warmup, maxRounds = Number.POSITIVE_INFINITY } = contest;
    if ((this.#rounds[index] as number) >= maxRounds) return;
    const { maxMeasurementMs, deadline } = this.#limits;
    const seconds = Math.max(this.#limits.seconds, contest.minSeconds ?? 0);
    this.#log(`${name}:`);
    for (const [at, entry] of entries.entries()) {
      const result = this.results[index]?.entries[at];
      if (result === undefined || result.disqualified !== undefined) continue;
      if ((this.#rounds[index] as number) >= ROUNDS_WITHOUT_GOAL && !isNeeded(name, entry)) continue;
      const relay = entry.relay === undefined ? undefined : this.#relays.get(entry.relay);
      const missing = relay?.missing ?? (entry.under === 'strace' ? NO_STRACE : undefined);
      if (missing !== undefined) {
        result.missing = missing;
        continue;
      }
      const maxMs = Math.min(maxMeasurementMs, deadline - performance.now());
      const outcome = await measure(entry, relay, builtPath('load'), { seconds, warmup, maxMs });
      // A measurement that ended because the time is over says nothing about the relay.
      if (performance.now() >= deadline) break;
      if ('disqualified' in outcome) result.disqualified = outcome.disqualified;
      else result.samples.push(outcome.sample);
      this.#log('disqualified' in outcome ? ' ×' : ' ·');
    }
    this.#log('\n');
  }
}
