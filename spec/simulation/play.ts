import fc from 'fast-check';
import { describeSchedule, schedules } from './schedule.js';
import { captureUncaught, simulate } from './simulate.js';

/** A number of schedules that follow from a seed. */
export interface Batch {
  readonly runs: number;
  readonly seed: number;
  /** Leads to one schedule of a failure that was printed before. */
  readonly path?: string | undefined;
  /** Whether a failing schedule is reported as it is, and not shortened first. */
  readonly skipsShrinking?: boolean;
}

/** `failure` has the violation, the schedule in words, and the command that plays it again. */
export type Outcome = { readonly failure: string | null };

/**
 * Plays schedules in this process.
 *
 * @param onStart called before each schedule with its number, from 1
 */
export async function play(
  { runs, seed, path, skipsShrinking = false }: Batch,
  onStart = (_nth: number): void => {},
): Promise<Outcome> {
  const release = captureUncaught();
  try {
    let played = 0;
    const property = fc.asyncProperty(schedules, (schedule) => {
      onStart(++played);
      return simulate(schedule);
    });
    const result = await fc.check(property, {
      numRuns: runs,
      seed,
      endOnFailure: skipsShrinking,
      ...(path === undefined ? {} : { path }),
    });
    if (!result.failed && played === 0) {
      return { failure: `no schedule was played: the path ${path} does not exist for seed ${seed}` };
    }
    if (!result.failed) return { failure: null };
    const error = result.errorInstance as Error;
    const [schedule] = result.counterexample ?? [];
    const again = `npm run test:sim -- --seed ${result.seed} --path ${result.counterexamplePath}`;
    const words = schedule === undefined ? '' : describeSchedule(schedule);
    return { failure: [error.stack, words, `again: ${again}`].join('\n') };
  } finally {
    // A broken invariant is thrown again in a later tick.
    await new Promise((resolve) => setImmediate(resolve));
    release();
  }
}
