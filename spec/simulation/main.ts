// npm run test:sim -- [--runs N] [--seed S [--path P]]
import { parseArgs } from 'node:util';
import { campaign } from './campaign.js';
import { type Batch, type Outcome, play } from './play.js';

const PROGRESS_INTERVAL_MS = 10_000;
const DEFAULT_RUNS = 1_000_000;
const MAX_RUNS = 1e9;
const MAX_SEED = 2 ** 31 - 1;

function parseInteger(name: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= min && number <= max && value !== '') return number;
  throw new Error(`--${name}: expected an integer from ${min} to ${max}, got '${value}'`);
}

async function main(): Promise<Outcome> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: String(DEFAULT_RUNS) },
      seed: { type: 'string' },
      path: { type: 'string' },
    },
  });
  const batch = {
    runs: parseInteger('runs', values.runs, 1, MAX_RUNS),
    seed: parseInteger('seed', values.seed ?? String(Date.now() % MAX_SEED), -MAX_SEED - 1, MAX_SEED),
  };
  if (values.path === undefined) return playMany(batch);
  if (!/^\d+(:\d+)*$/.test(values.path))
    throw new Error(`--path: expected numbers and colons, as a failure prints them, got '${values.path}'`);
  if (values.seed === undefined) throw new Error('--path needs the --seed that was printed with it');
  return play({ ...batch, runs: Number.parseInt(values.path, 10) + 1, path: values.path });
}

function playMany(batch: Batch): Promise<Outcome> {
  console.log(`${batch.runs} schedules from seed ${batch.seed}`);
  let reportedAt = performance.now();
  return campaign(batch, (played) => {
    if (performance.now() - reportedAt < PROGRESS_INTERVAL_MS && played < batch.runs) return;
    reportedAt = performance.now();
    console.log(`${played} played`);
  });
}

try {
  const { failure } = await main();
  console.log(failure ?? 'no violation');
  process.exitCode = failure === null ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
