import type { Case, Rank } from '../case.js';

/** Random sessions in place of fixed steps. Everything that they contain is asked by their rank, or by a lower one. */
export interface RandomCase extends Case {
  /** The number of sessions. */
  readonly count: number;
  readonly seed: number;
}

/** Returns the case that stands for all random sessions in a report. It plays several at the same time itself. */
export function randomCase(rank: Rank, count: number, seed: number): RandomCase {
  const sessions = count === 1 ? 'a random session' : `${count.toLocaleString('en')} random sessions`;
  return {
    name: 'random',
    rank,
    title: `in ${sessions} (seed ${seed}), each client receives what it should`,
    paragraph: 'resend',
    alone: true,
    hint: 'This is the shortest session that was found to fail. So look for what these steps have in common.',
    count,
    seed,
  };
}
