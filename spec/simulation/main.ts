// npm run test:sim -- [--runs N] [--seed S [--path P]]
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { catchAll, simulate } from './oracle.js';
import { schedules } from './schedule.js';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, path: { type: 'string' } },
});
catchAll();
const began = performance.now();
const details = await fc.check(fc.asyncProperty(schedules, simulate), {
  numRuns: Number(values.runs ?? 1_000_000),
  includeErrorInReport: true,
  ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
  ...(values.path === undefined ? {} : { path: values.path }),
});
console.log(
  details.failed ? fc.defaultReportMessage(details) : 'ok',
  details.numRuns,
  performance.now() - began,
);
