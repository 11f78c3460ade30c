import { RANKS, type Rank } from './case.js';
import type { Result } from './run.js';
import type { Exit } from './server.js';

export interface Count {
  readonly rank: Rank;
  readonly passed: number;
  readonly failed: number;
  readonly leftOut: number;
  readonly required: boolean;
}

export function count(results: readonly Result[], required: readonly Rank[]): Count[] {
  return RANKS.flatMap((rank) => {
    const own = results.filter((result) => result.case.rank === rank);
    const of = (outcome: Result['outcome']) => own.filter((result) => result.outcome === outcome).length;
    if (own.length === 0) return [];
    return [
      {
        rank,
        passed: of('passed'),
        failed: of('failed'),
        leftOut: of('left out'),
        required: required.includes(rank),
      },
    ];
  });
}

/** Whether all that is required holds, and was judged at all. */
export function conforms(results: readonly Result[], required: readonly Rank[]): boolean {
  const own = results.filter((result) => required.includes(result.case.rank));
  return own.every(({ outcome }) => outcome !== 'failed') && own.some(({ outcome }) => outcome === 'passed');
}

/** How a process ended, in words. */
export function ending({ code, signal }: Exit): string {
  if (signal !== null) return `the server was ended by ${signal}${CAUSES[signal] ?? ''}`;
  // A shell tells so of what it has started.
  const name = code !== null && code > 128 ? SIGNALS[code - 128] : undefined;
  const meaning = name === undefined ? '' : `, which is how a shell tells of ${name}${CAUSES[name] ?? ''}`;
  return `the server ended with exit code ${code}${meaning}`;
}

const MEMORY = ['SIGSEGV', 'SIGBUS', 'SIGABRT'];

/** What usually is the cause: where memory was to blame, it is not what the case is about. */
export function hintFor({ case: one, exit }: Result): string {
  const signal = exit?.signal ?? SIGNALS[(exit?.code ?? 0) - 128];
  if (signal === undefined || !MEMORY.includes(signal)) return one.hint;
  return (
    'A buffer that is too small for what is copied into it, a null pointer, or memory that is used after free: compile ' +
    'with cc -g -fsanitize=address, run the same steps again, and it tells the line.'
  );
}

const SIGNALS: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  15: 'SIGTERM',
};

const CAUSES: Readonly<Record<string, string>> = {
  SIGSEGV: ' (memory that is not its own: a buffer that is too small, or a null pointer)',
  SIGABRT: ' (it gave up by itself: memory freed twice, or written past its end)',
  SIGBUS: ' (memory that is not its own)',
  SIGPIPE: ' (it sent to a connection that was broken off: send with MSG_NOSIGNAL)',
  SIGFPE: ' (a division by zero)',
};
