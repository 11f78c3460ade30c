import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { catchAll, simulate } from './oracle.js';
import { type Schedule, schedules } from './schedule.js';

/** Schedules that one process plays between two reports. */
const BATCH = 2_500;
/** How long one schedule may take, in ms: they take milliseconds. */
const STUCK = 60_000;

/** Schedules to play: `runs` of them, from a seed on. A path leads at once to one that failed. */
export interface Batch {
  readonly runs: number;
  readonly seed: number;
  readonly path?: string | undefined;
}

/** The shortest schedule that was found to fail, in words, with the command that plays it again. */
export type Outcome = { readonly failure: string | null };

function words({ setup, steps }: Schedule): string {
  const said = (fields: object): string =>
    Object.entries(fields)
      .map(([name, value]) => (name === 'do' ? value : `${name} ${value}`))
      .join(', ');
  return [`room: ${said(setup)}`, ...steps.map((step, nth) => `${nth + 1}. ${said(step)}`)].join('\n');
}

/**
 * Plays schedules in this process.
 *
 * @param began told of each schedule, from 1, before it is played
 */
export async function play(
  { runs, seed, path }: Batch,
  began = (_nth: number): void => {},
): Promise<Outcome> {
  const giveBack = catchAll();
  try {
    let nth = 0;
    const property = fc.asyncProperty(schedules, (schedule) => {
      began(++nth);
      return simulate(schedule);
    });
    const found = await fc.check(property, {
      numRuns: runs,
      seed,
      ...(path === undefined ? {} : { path }),
    });
    // A path that leads nowhere is no proof.
    if (!found.failed && nth === 0)
      return { failure: `nothing was played: no schedule of seed ${seed} is there` };
    if (!found.failed) return { failure: null };
    const error = found.errorInstance as Error;
    const [schedule] = found.counterexample ?? [];
    const again = `npm run test:sim -- --seed ${found.seed} --path ${found.counterexamplePath}`;
    return {
      failure: [error.stack, schedule === undefined ? '' : words(schedule), `again: ${again}`].join('\n'),
    };
  } finally {
    giveBack();
  }
}

/**
 * Plays schedules in as many processes as there are processors: each is a world of its own.
 *
 * @param progress told how many have been played
 */
export async function campaign(
  { runs, seed }: Batch,
  progress = (_played: number): void => {},
): Promise<Outcome> {
  const batches: Batch[] = [];
  for (let begun = 0; begun < runs; begun += BATCH) {
    batches.push({ runs: Math.min(BATCH, runs - begun), seed: seed + batches.length });
  }
  let played = 0;
  let failure: string | null = null;
  const work = async (): Promise<void> => {
    const worker = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), {
      // What is found here is no matter of which lines were run.
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    try {
      for (let batch = batches.shift(); batch !== undefined && failure === null; batch = batches.shift()) {
        const outcome = await ask(worker, batch);
        failure ??= outcome.failure;
        played += batch.runs;
        progress(played);
      }
    } finally {
      worker.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return { failure };
}

function ask(worker: ChildProcess, batch: Batch): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let playing = 0;
    // One that never gives back control cannot be shortened, but it can be told.
    const stuck = (): void => {
      done();
      const again = `npm run test:sim -- --seed ${batch.seed} --runs ${playing}`;
      resolve({ failure: `schedule ${playing} of seed ${batch.seed} does not end\nagain: ${again}` });
    };
    let timer = setTimeout(stuck, STUCK);
    const ended = (code: number | null, signal: string | null): void => {
      clearTimeout(timer);
      reject(new Error(`the process that played seed ${batch.seed} ended with ${signal ?? code}`));
    };
    const heard = (message: number | Outcome): void => {
      clearTimeout(timer);
      if (typeof message === 'number') {
        playing = message;
        timer = setTimeout(stuck, STUCK);
        return;
      }
      done();
      resolve(message);
    };
    const done = (): void => {
      clearTimeout(timer);
      worker.off('exit', ended);
      worker.off('message', heard);
    };
    worker.once('exit', ended);
    worker.on('message', heard);
    worker.send(batch);
  });
}
