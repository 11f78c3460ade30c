// npm run test:sim -- [--runs N] [--seed S [--path P]]
import { parseArgs } from 'node:util';
import { campaign, type Outcome, play } from './campaign.js';

/** How often it is said how far it has come, in ms. */
const REPORT = 10_000;

function number(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || value === '') throw new Error(`--${name} must be an integer`);
  return number;
}

async function main(): Promise<Outcome> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      path: { type: 'string' },
    },
  });
  const batch = { runs: number('runs', values.runs), seed: number('seed', values.seed) };
  if (values.path !== undefined) return play({ ...batch, path: values.path });
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
