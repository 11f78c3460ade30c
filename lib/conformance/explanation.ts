import { PARAGRAPHS } from './case.js';
import { describeExit, hintFor } from './exit.js';
import type { Result } from './run.js';
import { capitalize, excerpt, type Paint, showDifference, wrap } from './text.js';
import { drawTimeline } from './timeline.js';

/** Lines of the compiler that are shown. */
const MAX_OUTPUT_LINES = 20;

const INDENT = '   ';

/** Explains a failure: the rule, the steps, the difference and the usual cause. */
export function explanation(result: Result, number: number, paint: Paint, width: number): string[] {
  const { case: one, details, exit, stderr = [], timeline } = result;
  const problem = (text: string): string[] =>
    wrap(`${capitalize(text)}.`, width, INDENT).map((line) => paint('red', line));
  return [
    ...wrap(`${number}) ${one.name}: ${one.title}`, width).map((line) => paint('bold', line)),
    '',
    ...wrap(`The subject: “${PARAGRAPHS[one.paragraph]}”`, width, INDENT),
    '',
    ...drawTimeline(timeline, paint),
    ...(timeline.length > 0 ? [''] : []),
    ...problem(details?.what ?? ''),
    ...(exit === undefined ? [] : problem(describeExit(exit))),
    ...difference(result, paint),
    ...(details?.output ?? []).slice(0, MAX_OUTPUT_LINES).map((line) => `   | ${line}`),
    ...stderr.map((line) => `   standard error | ${excerpt(Buffer.from(line, 'latin1'))}`),
    '',
    ...wrap(`Usual cause: ${hintFor(result)}`, width, INDENT),
  ];
}

function difference({ details }: Result, paint: Paint): string[] {
  const { expected, received, end } = details ?? {};
  if (expected === undefined || received === undefined) return [];
  const shown = showDifference(expected, received);
  const ending = end === undefined ? '' : `${shown.received === '' ? '' : ' '}‹${end}›`;
  const nothing = '‹nothing›';
  return [
    '',
    `   expected  ${shown.expected || nothing}`,
    `   received  ${shown.received + ending || nothing}`,
    `             ${' '.repeat(shown.column)}${paint('red', '^ the first difference')}`,
  ];
}
