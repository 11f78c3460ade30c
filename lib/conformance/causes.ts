import type { Rank } from './case.js';
import type { Result } from './run.js';

/** Failures that probably have the same cause in the server. */
export interface Cause {
  /** The failure that is explained: the first one in the order of the cases. */
  readonly first: Result;
  /** The other failures, in the order of the cases. */
  readonly others: readonly Result[];
  /** Whether one of the cases is required. */
  readonly required: boolean;
}

/** Groups the failures by what they have in common. */
export function findCauses(results: readonly Result[], required: readonly Rank[]): Cause[] {
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  return failures.map((first) => ({ first, others: [], required: required.includes(first.case.rank) }));
}
