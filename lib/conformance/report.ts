import { PARAGRAPHS, RANKS, type Rank } from './case.js';
import type { Result } from './run.js';
import { capitalize, excerpt, type Paint, plain, showDifference, wrap } from './text.js';
import { drawTimeline } from './timeline.js';
import { countResults, describeExit, hintFor, verdictOf } from './verdict.js';

const RANK_MEANINGS: Readonly<Record<Rank, string>> = {
  subject: 'what the subject says',
  exam: 'what solutions that are known to be accepted satisfy',
  practice: 'what good practice asks in addition',
  beyond: 'what a server for everyday use should withstand',
};

/** Width of the column of case names. */
const NAME_WIDTH = 22;
/** Lines of the compiler that are shown. */
const MAX_OUTPUT_LINES = 20;

export function rankHeading(rank: Rank, required: readonly Rank[], paint: Paint): string {
  const note = required.includes(rank) ? '' : ' (not required)';
  return `\n${paint('bold', rank)}: ${RANK_MEANINGS[rank]}${note}\n`;
}

const SIGNS = { passed: '✓', failed: '✗', skipped: '–', undecided: '?' } as const;
const COLOURS = { passed: 'green', failed: 'red', skipped: 'dim', undecided: 'bold' } as const;

/** Returns the line of a case in the list of results. */
export function resultLine({ case: { name, title }, outcome, reason, exit }: Result, paint: Paint): string {
  const sign = paint(COLOURS[outcome], SIGNS[outcome]);
  const text =
    outcome === 'skipped'
      ? paint('dim', `skipped: ${reason}`)
      : outcome === 'undecided'
        ? `${reason}`
        : title;
  const signal = exit?.signal ? paint('red', ` [${exit.signal}]`) : '';
  return `  ${sign} ${name.padEnd(NAME_WIDTH)} ${text}${signal}\n`;
}

/** Explains all failures, one after the other, and ends with the verdict. */
export function conclusion(results: readonly Result[], required: readonly Rank[], paint: Paint): string {
  const failures = results.filter(({ outcome }) => outcome === 'failed');
  const explanations = failures.map((result, i) => explanation(result, i + 1, paint)).join('');
  return `${explanations}\n${verdict(results, required, paint)}`;
}

function verdict(results: readonly Result[], required: readonly Rank[], paint: Paint): string {
  const counts = countResults(results, required).map((count) => {
    const skipped =
      (count.skipped > 0 ? `, ${count.skipped} skipped` : '') +
      (count.undecided > 0 ? `, ${count.undecided} undecided` : '');
    const note = count.required ? '' : ' (not required)';
    return `${count.rank} ${count.passed} of ${count.passed + count.failed}${skipped}${note}`;
  });
  const sentence = {
    conforms: paint('green', 'The server conforms'),
    fails: paint('red', 'The server does not conform'),
    undecided: paint('bold', 'The server could not be judged, because the machine is too busy'),
  }[verdictOf(results, required)];
  return `${sentence}: ${counts.join('; ')}.\n`;
}

function explanation(result: Result, number: number, paint: Paint): string {
  const { case: one, details, exit, stderr = [], timeline } = result;
  const lines = [
    '',
    `${paint('red', `${number}) ${one.name}`)}: ${paint('bold', one.title)}`,
    '',
    ...wrap(`The subject: “${PARAGRAPHS[one.paragraph]}”`),
    '',
    ...drawTimeline(timeline, paint),
    ...(timeline.length > 0 ? [''] : []),
    `   ${paint('red', `${capitalize(details?.what ?? '')}.`)}`,
    ...(exit === undefined ? [] : [`   ${paint('red', `${capitalize(describeExit(exit))}.`)}`]),
    ...difference(result, paint),
    ...(details?.output ?? []).slice(0, MAX_OUTPUT_LINES).map((line) => `   | ${line}`),
    ...stderr.map((line) => `   standard error | ${excerpt(Buffer.from(line, 'latin1'))}`),
    '',
    ...wrap(`Usual cause: ${hintFor(result)}`),
  ];
  return `${lines.join('\n')}\n`;
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

/** Lists cases by rank, each with the paragraph of the subject that it comes from. */
export function caseList(cases: readonly Result['case'][]): string {
  const indent = ' '.repeat(NAME_WIDTH);
  return RANKS.flatMap((rank) => {
    const ofRank = cases.filter((one) => one.rank === rank);
    if (ofRank.length === 0) return [];
    const entries = ofRank.map(({ name, title, paragraph }) => {
      const quote = wrap(`“${PARAGRAPHS[paragraph]}”`).map((line) => `${indent}${line}\n`);
      return `  ${name.padEnd(NAME_WIDTH)} ${title}\n${quote.join('')}`;
    });
    return [rankHeading(rank, RANKS, plain), ...entries];
  })
    .join('')
    .trimStart();
}
