import { RANKS, type Rank } from './case.js';
import type { Result } from './run.js';

/** The number of results of a rank. */
export interface Count {
  readonly rank: Rank;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly undecided: number;
  readonly required: boolean;
}

export function countResults(results: readonly Result[], required: readonly Rank[]): Count[] {
  return RANKS.flatMap((rank) => {
    const ofRank = results.filter((result) => result.case.rank === rank);
    const count = (outcome: Result['outcome']) =>
      ofRank.filter((result) => result.outcome === outcome).length;
    if (ofRank.length === 0) return [];
    return [
      {
        rank,
        passed: count('passed'),
        failed: count('failed'),
        skipped: count('skipped'),
        undecided: count('undecided'),
        required: required.includes(rank),
      },
    ];
  });
}

/**
 * The verdict on the server. `fails`: a required case failed, or none passed. `undecided`: none failed, but the machine
 * was too busy to judge one of them.
 */
export type Verdict = 'conforms' | 'fails' | 'undecided';

export function verdictOf(results: readonly Result[], required: readonly Rank[]): Verdict {
  const outcomes = results
    .filter(({ case: { rank } }) => required.includes(rank))
    .map(({ outcome }) => outcome);
  if (outcomes.includes('failed')) return 'fails';
  if (outcomes.includes('undecided')) return 'undecided';
  return outcomes.includes('passed') ? 'conforms' : 'fails';
}

/** Whether all required cases passed, apart from those that were skipped. */
export function conforms(results: readonly Result[], required: readonly Rank[]): boolean {
  return verdictOf(results, required) === 'conforms';
}
