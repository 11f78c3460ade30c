import { Failure } from '../failure.js';

/** Numbered lines of a thousand bytes, newline included. */
export function numbered(megabytes: number): string[] {
  return Array.from({ length: megabytes * 1000 }, (_, i) => `${i} `.padEnd(999, 'abcdefghij'));
}

export const packet = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/**
 * What fails while much is said is told without how far it had come, and without what came in its place: both are the
 * kernel's to say, and differ from run to run.
 */
export async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { late, broken } = error.details;
    const more = broken ? ': its connection is closed' : '';
    throw new Failure({ what: what + more, ...(late && { late }), ...(broken && { broken }) });
  }
}
