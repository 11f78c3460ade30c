import { type Case, RANKS } from '../case.js';
import { runCases } from '../run.js';
import type { Result, Trial } from '../trial.js';
import type { RandomCase } from './case.js';
import { type Demands, demandsOf } from './demands.js';
import { planOf } from './plan.js';
import { play } from './play.js';
import { scriptOf } from './script.js';
import { seedOf } from './seed.js';
import type { Step } from './session.js';
import { generate, shrink } from './shrink.js';

export interface RandomTrial extends Pick<Trial, 'command' | 'timeoutMs' | 'jobs' | 'signal'> {
  readonly case: RandomCase;
  /** All cases, for the text of the subject. */
  readonly cases: readonly Case[];
}

/** A failure that was found with random sessions, and how to play its session again. */
export interface Replay {
  /** With this seed, the first session is the one that failed. */
  readonly seed: number;
  /** A program in Python that plays the shortest session that fails. */
  readonly script: string;
}

export interface RandomResult {
  readonly result: Result;
  readonly replay?: Replay;
}

/** Time to wait while a session is shortened, in milliseconds. The last one is confirmed with the whole timeout. */
const SHRINK_TIMEOUT_MS = 500;
/** Sessions that are generated and judged together. */
const BATCH = 16;

/** Plays random sessions until one fails. Of this one, the shortest session that still fails is reported. */
export async function runRandom(trial: RandomTrial): Promise<RandomResult> {
  const { case: one } = trial;
  const demands = demandsOf(one.rank, trial.cases);
  let undecided: Result | undefined;
  for (let from = 0; from < one.count; from += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, one.count - from) }, (_, i) =>
      seedOf(one.seed, from + i),
    );
    const cases = seeds.map((seed) => sessionCase(one, planOf(generate(seed, demands), demands), demands));
    const results = await runCases({ ...trialOf(trial), cases, bail: RANKS });
    const at = results.findIndex(({ outcome }) => outcome === 'failed');
    if (at !== -1) return explain(trial, seeds[at] as number, results[at] as Result);
    undecided ??= results.find(({ outcome }) => outcome !== 'passed');
  }
  return { result: undecided ? { ...undecided, case: one } : { case: one, outcome: 'passed', timeline: [] } };
}

function trialOf({ command, timeoutMs, jobs, signal }: RandomTrial): Omit<Trial, 'cases'> {
  return { command, timeoutMs, signal, ...(jobs !== undefined && { jobs }) };
}

function sessionCase(one: Case, steps: readonly Step[], demands: Demands): Case {
  return { ...one, run: (room) => play(room, steps, demands) };
}

async function explain(trial: RandomTrial, seed: number, original: Result): Promise<RandomResult> {
  const { case: one } = trial;
  const demands = demandsOf(one.rank, trial.cases);
  const playFor = (steps: readonly Step[], timeoutMs: number): Promise<Result> =>
    playOnce(trial, sessionCase(one, steps, demands), timeoutMs);
  const quickMs = Math.min(trial.timeoutMs, SHRINK_TIMEOUT_MS);
  const failing = await shrink(
    seed,
    demands,
    async (steps) => (await playFor(steps, quickMs)).outcome === 'failed',
  );
  // fast-check takes the error of an aborted session for a failure.
  trial.signal?.throwIfAborted();
  for (const steps of failing.reverse()) {
    const result = await playFor(steps, trial.timeoutMs);
    if (result.outcome === 'failed') return withReplay(one, seed, result);
  }
  return withReplay(one, seed, original);
}

function withReplay(one: Case, seed: number, result: Result): RandomResult {
  return { result: { ...result, case: one }, replay: { seed, script: scriptOf(result.timeline, seed) } };
}

async function playOnce({ command, signal }: RandomTrial, one: Case, timeoutMs: number): Promise<Result> {
  const [result] = await runCases({ command, timeoutMs, signal, cases: [one] });
  return result as Result;
}
