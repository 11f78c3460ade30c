import { PARAGRAPHS } from './case.js';
import { describeExit, hintFor } from './exit.js';
import type { Result } from './run.js';
import { capitalize, excerpt, type Paint, printable, showDifference, wrap } from './text.js';
import { drawTimeline } from './timeline.js';

/** Lines of the compiler that are shown. */
const MAX_OUTPUT_LINES = 20;

const INDENT = '   ';
/** Where the expected and the received text begin. */
const LABEL_WIDTH = 13;

/** Explains a failure: the rule, the steps, the difference and the usual cause. */
export function explanation(result: Result, number: number, paint: Paint, width: number): string[] {
  const { case: one, details, exit, stderr = [], timeline } = result;
  const problem = (text: string): string[] =>
    wrap(`${capitalize(text)}.`, width, INDENT).map((line) => paint('red', line));
  return [
    ...wrap(`${one.name}: ${one.title}`, width, `${number}) `).map((line) => paint('bold', line)),
    '',
    ...wrap(`The subject: “${PARAGRAPHS[one.paragraph]}”`, width, INDENT),
    '',
    ...drawTimeline(timeline, paint, width),
    ...(timeline.length > 0 ? [''] : []),
    ...problem(details?.what ?? ''),
    ...(exit === undefined ? [] : problem(describeExit(exit))),
    ...difference(result, paint, width),
    ...(details?.output ?? [])
      .slice(0, MAX_OUTPUT_LINES)
      .flatMap((line) => wrap(printable(line), width, '   | ')),
    ...stderr.flatMap((line) => wrap(excerpt(Buffer.from(line, 'latin1')), width, '   standard error | ')),
    '',
    ...wrap(`Usual cause: ${hintFor(result)}`, width, INDENT),
  ];
}

function difference({ details }: Result, paint: Paint, width: number): string[] {
  const { expected, received, end } = details ?? {};
  if (expected === undefined || received === undefined) return [];
  const room = width - LABEL_WIDTH;
  const shown = showDifference(expected, received, room);
  const ending = end === undefined ? '' : `‹${end}›`;
  const nothing = '‹nothing›';
  // The reason goes to a line of its own where it does not fit.
  const text = shown.received === '' ? ending : `${shown.received} ${ending}`.trimEnd();
  const lines = text.length > room ? [shown.received, ending] : [text];
  const mark = '^ the first difference';
  const isLeft = shown.column + mark.length > room;
  const pointer = isLeft
    ? 'the first difference ^'.padStart(shown.column + 1)
    : mark.padStart(shown.column + mark.length);
  return [
    '',
    `   expected  ${shown.expected || nothing}`,
    `   received  ${lines[0] || nothing}`,
    ' '.repeat(LABEL_WIDTH) + paint('red', pointer),
    ...lines.slice(1).map((line) => ' '.repeat(LABEL_WIDTH) + line),
  ];
}
