import type { Case, Rank } from './case.js';
import type { Exit, FailureDetails } from './failure.js';
import type { Source } from './source.js';
import type { Step } from './timeline.js';

/**
 * The outcome of a case. `skipped`: it cannot be checked here. `undecided`: it was checked, but the machine is so busy
 * that the result says nothing about the server.
 */
export const OUTCOMES = ['passed', 'failed', 'skipped', 'undecided'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The result of a case. */
export interface Result {
  readonly case: Case;
  readonly outcome: Outcome;
  /** Why it was skipped, or could not be judged. */
  readonly reason?: string;
  readonly details?: FailureDetails;
  /** How the server ended, if it did. */
  readonly exit?: Exit;
  /** The last lines on standard error, if the server ended. */
  readonly stderr?: readonly string[];
  readonly timeline: readonly Step[];
}

export interface Trial {
  /** The command under test, without the port. */
  readonly command: readonly string[];
  readonly source?: Source | undefined;
  readonly cases: readonly Case[];
  /** Time to wait for the next byte of an expected text, in milliseconds. */
  readonly timeoutMs: number;
  /** The number of cases that may run at the same time; by default, several for each processor. */
  readonly jobs?: number;
  /** The ranks of which the first case that fails ends the run. The rest are reported as skipped. */
  readonly bail?: readonly Rank[] | undefined;
  /** Ends the run: {@link runCases} rejects. */
  readonly signal?: AbortSignal | undefined;
  /** Called when a case starts. Several can run at the same time. */
  readonly onStart?: (one: Case) => void;
  /** Called after each case, in the order of the cases. */
  readonly onResult?: (result: Result) => void;
}

/** A case that runs the command in rooms of its own. */
export interface ComposedCase extends Case {
  readonly judge: (trial: Pick<Trial, 'command' | 'timeoutMs' | 'signal'>) => Promise<Result>;
}

export function isComposed(one: Case): one is ComposedCase {
  return 'judge' in one;
}
