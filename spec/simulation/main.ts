// npm run test:sim -- [--runs N] [--seed S [--path P]]
import { parseArgs } from 'node:util';
import { type Batch, campaign, type Outcome, play } from './campaign.js';

/** How often it is said how far it has come, in ms. */
const REPORT = 10_000;

function number(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least && number <= most && value !== '') return number;
  throw new Error(`--${name} must be an integer from ${least} to ${most}`);
}

async function main(): Promise<Outcome> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000000' },
      seed: { type: 'string' },
      path: { type: 'string' },
    },
  });
  const batch = {
    runs: number('runs', values.runs, 1, 1e9),
    seed: number('seed', values.seed ?? String(Date.now() % 2 ** 31), -(2 ** 31), 2 ** 31 - 1),
  };
  if (values.path === undefined) return many(batch);
  if (!/^\d+(:\d+)*$/.test(values.path))
    throw new Error('--path is what a failure has printed: numbers and colons');
  if (values.seed === undefined) throw new Error('--path leads nowhere without its --seed');
  return play({ ...batch, runs: Number.parseInt(values.path, 10) + 1, path: values.path });
}

function many(batch: Batch): Promise<Outcome> {
  console.log(`${batch.runs} schedules from seed ${batch.seed} on`);
  let said = performance.now();
  return campaign(batch, (played) => {
    if (performance.now() - said < REPORT && played < batch.runs) return;
    said = performance.now();
    console.log(`${played} played`);
  });
}

try {
  const { failure } = await main();
  console.log(failure ?? 'all held');
  process.exitCode = failure === null ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
