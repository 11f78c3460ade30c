import type { Rank } from './case.js';
import type { Plan, Stop } from './reporter.js';
import type { Outcome, Result } from './run.js';
import { plural } from './text.js';
import { type Count, countResults, verdictOf } from './verdict.js';

/** Why a case was not run. */
export const STOP_REASONS: Readonly<Record<Stop, string>> = {
  bail: 'not run: an earlier case failed',
  interrupted: 'not run: interrupted',
};

/** The causes of failures of required cases, and the failures that have none of them. */
export interface Findings {
  readonly requiredCauses: number;
  readonly unexplained: readonly Result[];
}

/**
 * Returns the verdict in one line, from the complete form to the shortest:
 * `Would most likely pass: subject 12/12, exam 20/20. 1 finding of good practice.`, the same without the findings, and
 * without the numbers.
 */
export function verdictSentences(
  results: readonly Result[],
  plan: Plan,
  findings: Findings,
  stop?: Stop,
): readonly [string, ...string[]] {
  const counts = countResults(results, plan.required);
  const tally = counts.filter(({ required }) => required).map((count) => tallyOf(count));
  const head = stop === 'interrupted' ? interruption(results) : conclusion(results, plan, counts);
  const headWithTally = `${head}: ${tally.join(', ')}.`;
  const details = [
    ...describeFailures(counts, findings),
    ...describeOthers(counts),
    ...describeFindings(findings.unexplained, plan),
    ...(stop === 'bail' ? ['Stopped at the first failure.'] : []),
    ...(isWithoutExam(plan) ? ['The rank exam was not run.'] : []),
  ];
  return [[headWithTally, ...details].join(' '), headWithTally, `${head}.`];
}

function tallyOf({ rank, passed, failed }: Count): string {
  return passed + failed === 0 ? `${rank} not run` : `${rank} ${passed}/${passed + failed}`;
}

function interruption(results: readonly Result[]): string {
  const finished = results.filter(({ reason }) => reason !== STOP_REASONS.interrupted).length;
  return `Interrupted after ${finished} of ${plural(results.length, 'case')}`;
}

function conclusion(results: readonly Result[], plan: Plan, counts: readonly Count[]): string {
  const verdict = verdictOf(results, plan.required);
  if (verdict === 'undecided') {
    return `No verdict, because the machine was too busy to judge ${plural(sumOf(counts, 'undecided'), 'case')}`;
  }
  const failed = sumOf(counts, 'failed');
  if (sumOf(counts, 'passed') + failed === 0) return 'No verdict, because no required case could be run';
  if (plan.isSelection) {
    const size = plural(results.length, 'chosen case');
    return verdict === 'conforms' ? `Passed ${size}` : `Failed ${failed} of ${size}`;
  }
  if (verdict === 'conforms') {
    return isWithoutExam(plan) ? 'Conforms to the subject' : 'Would most likely pass';
  }
  const lowest = counts.find((count) => count.required && count.failed > 0)?.rank;
  return lowest === 'practice' || lowest === 'beyond'
    ? `Would most likely pass, but not at the rank ${lowest}`
    : 'Would most likely fail';
}

function describeFailures(counts: readonly Count[], { requiredCauses }: Findings): string[] {
  const failed = sumOf(counts, 'failed');
  return failed < 2 ? [] : [`${plural(failed, 'failure')} with ${plural(requiredCauses, 'cause')}.`];
}

function describeOthers(counts: readonly Count[]): string[] {
  return (['skipped', 'undecided'] as const).flatMap((outcome) => {
    const count = sumOf(counts, outcome);
    return count === 0 ? [] : [`${count} ${outcome}.`];
  });
}

function describeFindings(unexplained: readonly Result[], { required }: Plan): string[] {
  const count = (rank: Rank): number =>
    unexplained.filter((one) => one.case.rank === rank && !required.includes(rank)).length;
  const [practice, beyond] = [count('practice'), count('beyond')];
  const found = [
    ...(practice > 0 ? [`${plural(practice, 'finding')} of good practice`] : []),
    ...(beyond > 0 ? [`${plural(beyond, 'finding')} beyond the exam`] : []),
  ];
  return found.length === 0 ? [] : [`${found.join(', ')}.`];
}

/** Adds the results of the required ranks. */
function sumOf(counts: readonly Count[], outcome: Outcome): number {
  return counts.reduce((sum, count) => sum + (count.required ? count[outcome] : 0), 0);
}

function isWithoutExam({ required, isSelection }: Plan): boolean {
  return !isSelection && !required.includes('exam');
}
