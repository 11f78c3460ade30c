import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { WAIT_LIMIT_MS } from '../support/waiting.js';
import type { Batch, Outcome } from './play.js';

/** Schedules that a worker plays before it takes the next batch. */
const BATCH_SCHEDULES = 500;

/**
 * Plays schedules in as many processes as there are processors.
 *
 * @param onProgress called with the number of schedules that were played
 */
export async function campaign(
  { runs, seed }: Batch,
  onProgress = (_played: number): void => {},
): Promise<Outcome> {
  const batches: Batch[] = [];
  for (let first = 0; first < runs; first += BATCH_SCHEDULES) {
    batches.push({ runs: Math.min(BATCH_SCHEDULES, runs - first), seed: seed + batches.length });
  }
  let played = 0;
  let failure: string | null = null;
  const work = async (): Promise<void> => {
    const worker = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), {
      // The simulation is no measure of the specs' coverage, and would take longer with it.
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    try {
      for (let batch = batches.shift(); batch !== undefined && failure === null; batch = batches.shift()) {
        const outcome = await playIn(worker, batch);
        failure ??= outcome.failure;
        played += batch.runs;
        onProgress(played);
      }
    } finally {
      worker.kill('SIGKILL');
    }
  };
  const workers = Math.min(availableParallelism(), batches.length);
  await Promise.all(Array.from({ length: workers }, work));
  return { failure };
}

/** Plays a batch in a worker. A schedule that takes longer than the limit for all waits is a failure. */
function playIn(worker: ChildProcess, batch: Batch): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let playing = 0;
    const stopListening = (): void => {
      clearTimeout(timer);
      worker.off('exit', onExit);
      worker.off('message', onMessage);
    };
    // An endless schedule blocks its worker and cannot be shortened.
    const onStuck = (): void => {
      stopListening();
      const again = `npm run test:sim -- --seed ${batch.seed} --runs ${playing}`;
      resolve({ failure: `schedule ${playing} of seed ${batch.seed} does not end\nagain: ${again}` });
    };
    const onExit = (code: number | null, signal: string | null): void => {
      stopListening();
      reject(new Error(`the worker for seed ${batch.seed} ended with ${signal ?? code}`));
    };
    const onMessage = (message: number | Outcome): void => {
      if (typeof message === 'number') {
        playing = message;
        timer.refresh();
        return;
      }
      stopListening();
      resolve(message);
    };
    const timer = setTimeout(onStuck, WAIT_LIMIT_MS);
    worker.once('exit', onExit);
    worker.on('message', onMessage);
    worker.send(batch);
  });
}
