import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { catchAll, simulate } from './oracle.js';
import { type Schedule, schedules } from './schedule.js';

/** Schedules that one process plays between two reports. */
const BATCH = 2_500;

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

/** Plays schedules in this process. */
export async function play({ runs, seed, path }: Batch): Promise<Outcome> {
  const giveBack = catchAll();
  try {
    const found = await fc.check(fc.asyncProperty(schedules, simulate), {
      numRuns: runs,
      seed,
      ...(path === undefined ? {} : { path }),
    });
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
    const worker = fork(fileURLToPath(new URL('worker.js', import.meta.url)), {
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
      worker.kill();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return { failure };
}

function ask(worker: ChildProcess, batch: Batch): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null): void => {
      reject(new Error(`the process that played seed ${batch.seed} ended with ${signal ?? code}`));
    };
    worker.once('exit', ended);
    worker.once('message', (outcome: Outcome) => {
      worker.off('exit', ended);
      resolve(outcome);
    });
    worker.send(batch);
  });
}
