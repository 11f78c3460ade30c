import { RANKS, type Rank } from './case.js';
import type { Exit } from './failure.js';
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

/** Says how the server ended. */
export function describeExit({ code, signal }: Exit): string {
  if (signal !== null) return `the server was ended by ${signal}${SIGNAL_CAUSES[signal] ?? ''}`;
  // A shell reports the signal that ended its child as an exit code above 128.
  const name = code !== null && code > 128 ? SIGNAL_NAMES[code - 128] : undefined;
  const meaning =
    name === undefined ? '' : `, with which a shell reports ${name}${SIGNAL_CAUSES[name] ?? ''}`;
  return `the server ended with exit code ${code}${meaning}`;
}

/** Returns the signal that ended the server, also if a shell reports it as an exit code above 128. */
export function signalOf({ code, signal }: Exit): string | undefined {
  return signal ?? SIGNAL_NAMES[(code ?? 0) - 128];
}

const MEMORY_SIGNALS = ['SIGSEGV', 'SIGBUS', 'SIGABRT'];

/** Returns the usual cause of a failure. If the server crashed, that is a memory error and not the subject of the case. */
export function hintFor({ case: one, exit }: Result): string {
  const signal = exit && signalOf(exit);
  if (signal === undefined || !MEMORY_SIGNALS.includes(signal)) return one.hint;
  return (
    'A buffer is too small for what is copied into it, a pointer is null, or memory is used after free. Compile with ' +
    'cc -g -fsanitize=address and run the same steps again: the program then prints the line.'
  );
}

const SIGNAL_NAMES: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

const SIGNAL_CAUSES: Readonly<Record<string, string>> = {
  SIGSEGV: ' (invalid memory access: a buffer that is too small, or a null pointer)',
  SIGABRT: ' (the C library stopped it: memory freed twice, or written past its end)',
  SIGBUS: ' (invalid memory access)',
  SIGPIPE: ' (it sent to a connection that was reset: call send with MSG_NOSIGNAL)',
  SIGFPE: ' (division by zero)',
};
