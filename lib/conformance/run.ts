import { availableParallelism } from 'node:os';
import type { Case } from './case.js';
import { Machine } from './machine.js';
import { OrderedResults } from './ordered-results.js';
import { Room } from './room.js';
import { runCase } from './run-case.js';
import type { Result, Trial } from './trial.js';

export { OUTCOMES, type Outcome, type Result, type Trial } from './trial.js';

/** Most of the time, a case waits. */
const JOBS_PER_PROCESSOR = 4;
const MAX_DEFAULT_JOBS = 16;

interface Running {
  readonly case: Case;
  readonly room: Room;
  readonly ended: Promise<void>;
}

/** The number of cases that run at the same time by default. */
export function defaultJobs(): number {
  return Math.min(JOBS_PER_PROCESSOR * availableParallelism(), MAX_DEFAULT_JOBS);
}

/** Runs cases side by side, each with a new server, and returns their results in the order of the cases. */
export async function runCases(trial: Trial): Promise<Result[]> {
  trial.signal?.throwIfAborted();
  const machine = new Machine();
  const results = new OrderedResults(trial);
  const running = new Set<Running>();
  const aborted = abortion(trial.signal);
  try {
    for (const one of trial.cases) {
      const jobs = (): number => (results.hasListened ? (trial.jobs ?? defaultJobs()) : 1);
      while (mustWait(one, running, jobs())) await firstEnd(running, aborted);
      if (!results.excludes(one)) start(one, trial, machine, results, running);
    }
    while (running.size > 0) await firstEnd(running, aborted);
    return results.results;
  } finally {
    for (const { room } of running) room.stop();
    await Promise.allSettled([...running].map(({ ended }) => ended));
    machine.close();
  }
}

function mustWait(one: Case, running: ReadonlySet<Running>, jobs: number): boolean {
  if (running.size === 0) return false;
  return running.size >= jobs || one.alone === true || [...running].some((other) => other.case.alone);
}

function firstEnd(running: ReadonlySet<Running>, aborted: Promise<never>): Promise<void> {
  return Promise.race([aborted, ...[...running].map(({ ended }) => ended)]);
}

/** Rejects when the run is to end. */
function abortion(signal: AbortSignal | undefined): Promise<never> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  // Between two waits nothing listens.
  aborted.catch(() => {});
  return aborted;
}

function start(
  one: Case,
  trial: Trial,
  machine: Machine,
  results: OrderedResults,
  running: Set<Running>,
): void {
  trial.onStart?.(one);
  const room = new Room(trial.command, trial.timeoutMs, machine);
  const run = async (): Promise<void> => {
    try {
      results.add(await runCase(one, room, trial), room);
      for (const other of running) if (results.excludes(other.case)) other.room.stop();
    } catch (error) {
      if (!room.isStopped) throw error;
    } finally {
      running.delete(entry);
    }
  };
  const entry = { case: one, room, ended: run() };
  running.add(entry);
}
