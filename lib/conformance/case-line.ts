import type { Result } from './run.js';
import { type Paint, wrap } from './text.js';

/** Width of the column of case names. */
export const NAME_WIDTH = 22;

export const SIGNS = { passed: '✓', failed: '✗', skipped: '–', undecided: '?' } as const;
const COLOURS = { passed: 'green', failed: 'red', skipped: 'dim', undecided: 'bold' } as const;

/** Returns the entry of a case in a list of results, which takes several lines in a narrow terminal. */
export function resultLine(result: Result, paint: Paint, width: number): string[] {
  const { outcome, reason, exit } = result;
  const { name, title } = result.case;
  const sign = SIGNS[outcome];
  const text = outcome === 'skipped' || outcome === 'undecided' ? `${outcome}: ${reason}` : title;
  const signal = exit?.signal ? ` [${exit.signal}]` : '';
  const [first = '', ...rest] = wrap(`${text}${signal}`, width, `  ${sign} ${name.padEnd(NAME_WIDTH)} `);
  return [first.replace(sign, paint(COLOURS[outcome], sign)), ...rest];
}
