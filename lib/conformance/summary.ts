import { findCauses } from './causes.js';
import type { Plan, Stop, Summary } from './reporter.js';
import type { Result } from './run.js';
import { countResults, verdictOf } from './verdict.js';
import { STOP_REASONS, verdictSentences } from './verdict-sentence.js';

/** Returns the end of a run. The results may have any order, and may be incomplete if the run was stopped. */
export function summarize(plan: Plan, finished: readonly Result[], stop?: Stop): Summary {
  const byName = new Map(finished.map((result) => [result.case.name, result]));
  const results = plan.cases.map(
    (one): Result =>
      byName.get(one.name) ?? {
        case: one,
        outcome: 'skipped',
        reason: STOP_REASONS[stop ?? 'interrupted'],
        timeline: [],
      },
  );
  const { required } = plan;
  const causes = findCauses(results, required);
  const verdict = verdictOf(results, required);
  const findings = {
    requiredCauses: causes.filter((cause) => cause.required).length,
    unexplained: causes.filter((cause) => !cause.required).flatMap(({ first, others }) => [first, ...others]),
  };
  const [sentence, ...shorterSentences] = verdictSentences(results, plan, findings, stop);
  return {
    plan,
    results,
    counts: countResults(results, required),
    // Without all cases, the absence of failures means nothing.
    verdict: stop === 'interrupted' && verdict === 'conforms' ? 'undecided' : verdict,
    sentence,
    shorterSentences,
    causes,
    ...(stop !== undefined && { stop }),
  };
}
