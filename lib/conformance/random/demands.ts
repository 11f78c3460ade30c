import { type Case, RANKS, type Rank } from '../case.js';

/** The cases on which it depends what a random session contains. */
const NAMES = [
  'blanks',
  'control-bytes',
  'empty-lines',
  'high-bytes',
  'ids-grow',
  'lazy-hears-all',
  'lazy-holds-nobody-up',
  'line-in-pieces',
  'long-line',
  'long-line-in-packets',
  'many-lines',
  'nul',
  'pieces',
  'reset-client',
  'say-and-go',
  'two-listeners',
  'unfinished-dropped',
] as const;

/** The demands on a server, as the names of the cases that check them. */
export type Demands = ReadonlySet<(typeof NAMES)[number]>;

/**
 * Returns the demands of a rank. A random session contains nothing else, so a server is never failed for more.
 *
 * @param cases all cases, for the text of the subject
 */
export function demandsOf(rank: Rank, cases: readonly Case[]): Demands {
  return new Set(
    NAMES.filter((name) => {
      const found = cases.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no case has the name ${name}`);
      return RANKS.indexOf(found.rank) <= RANKS.indexOf(rank);
    }),
  );
}
