import { RANKS, type Rank } from '../case.js';
import { CASES } from '../cases/index.js';

/** The cases on which it depends what a random session contains. */
const NAMES = [
  'blanks',
  'control-bytes',
  'empty-lines',
  'high-bytes',
  'ids-grow',
  'lazy-hears-all',
  'lazy-holds-nobody-up',
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

/** Returns what a rank asks. A random session contains nothing else, so a server is never failed for more. */
export function demandsOf(rank: Rank): Demands {
  return new Set(
    NAMES.filter((name) => {
      const found = CASES.find((one) => one.name === name);
      if (found === undefined) throw new Error(`no case has the name ${name}`);
      return RANKS.indexOf(found.rank) <= RANKS.indexOf(rank);
    }),
  );
}
