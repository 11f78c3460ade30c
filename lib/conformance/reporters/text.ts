import { resultLine, SIGNS } from '../case-line.js';
import type { Cause } from '../causes.js';
import { explanation } from '../explanation.js';
import type { CreateReporter, ReportStyle, Summary } from '../reporter.js';
import type { Outcome, Result } from '../run.js';
import { plural, reportWidth, wrap } from '../text.js';

/**
 * Writes the report for people: the verdict, one explanation for each cause, all other cases, and the verdict again. A
 * waiting reader receives a sign for each case before that, on one line. This also shows at once when it has ended.
 */
export const text: CreateReporter = (style) => {
  if (style.isStreamed !== true) return { onEnd: (summary) => report(summary, style) };
  return {
    onStart: () => 'Cases: ',
    onResult: ({ outcome }) => SIGNS[outcome],
    onEnd: (summary) => `\n${report(summary, style)}`,
  };
};

function report(summary: Summary, style: ReportStyle): string {
  const width = reportWidth(style.columns);
  const explained = chooseExplained(summary, style.explain);
  const sections = [
    firstVerdict(summary, style),
    ...explained.map(({ result, others }, i) => [
      ...explanation(result, i + 1, style.paint, width),
      ...(others.length > 0 ? ['', ...sameReason(others, width)] : []),
    ]),
    ...otherCases(summary, explained, style),
    lastVerdict(summary, style),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

const VERDICT_COLOURS = { conforms: 'green', fails: 'red', undecided: 'bold' } as const;

function firstVerdict({ sentence, verdict }: Summary, { paint, columns }: ReportStyle): string[] {
  // Outside of a terminal the verdict stays on one line, so that other programs find it.
  const lines = columns === undefined ? [sentence] : wrap(sentence, reportWidth(columns));
  return lines.map((line) => paint(VERDICT_COLOURS[verdict], line));
}

/** Returns the longest form of the verdict that fits one line, because the last line is often the only one in view. */
function lastVerdict(
  { sentence, shorterSentences, verdict }: Summary,
  { paint, columns }: ReportStyle,
): string[] {
  const forms = [sentence, ...shorterSentences];
  const fitting =
    columns === undefined ? sentence : forms.find((form) => form.length <= reportWidth(columns));
  return [paint(VERDICT_COLOURS[verdict], fitting ?? (forms.at(-1) as string))];
}

/** A failure that is explained, and those that are listed below it. */
interface Explained {
  readonly result: Result;
  readonly others: readonly Result[];
}

function chooseExplained({ causes, results }: Summary, names: readonly string[]): Explained[] {
  if (names.includes('all')) {
    return results.filter(({ outcome }) => outcome === 'failed').map((result) => ({ result, others: [] }));
  }
  const isNamed = (result: Result): boolean => names.includes(result.case.name);
  return causes.flatMap(({ first, others, required }: Cause) => {
    const chosen = [...(required || isNamed(first) ? [first] : []), ...others.filter(isNamed)];
    const [result, ...more] = chosen;
    if (result === undefined) return [];
    const listed = required ? others.filter((one) => !isNamed(one)) : [];
    return [{ result, others: listed }, ...more.map((one) => ({ result: one, others: [] }))];
  });
}

function sameReason(others: readonly Result[], width: number): string[] {
  const names = others.map((result) => result.case.name).join(', ');
  return wrap(`And ${others.length} more for the same reason: ${names}`, width, '   ');
}

const HEADINGS: readonly [Outcome, string][] = [
  ['failed', 'Findings that are not required'],
  ['undecided', 'Could not be judged'],
  ['skipped', 'Skipped'],
];

function otherCases(summary: Summary, explained: readonly Explained[], style: ReportStyle): string[][] {
  const { results, counts } = summary;
  const width = reportWidth(style.columns);
  const mentioned = new Set(explained.flatMap(({ result, others }) => [result, ...others]));
  const sections = HEADINGS.flatMap(([outcome, heading]) => {
    const rest = results.filter((result) => result.outcome === outcome && !mentioned.has(result));
    if (rest.length === 0) return [];
    const lines =
      outcome === 'failed'
        ? rest.flatMap((result) => resultLine(result, style.paint, width))
        : byReason(rest, width);
    return [[`${heading}:`, ...lines]];
  });
  const passed = counts.flatMap(({ rank }) => {
    const names = results.filter((one) => one.outcome === 'passed' && one.case.rank === rank);
    if (names.length === 0) return [];
    return wrap(names.map((one) => one.case.name).join(', '), width, `  ${rank}: `.padEnd(12));
  });
  return [...sections, ...(passed.length > 0 ? [['Passed:', ...passed]] : [])];
}

/** Lists cases that share a reason on one line. */
function byReason(results: readonly Result[], width: number): string[] {
  const reasons = [...new Set(results.map(({ reason = '' }) => reason))];
  return reasons.flatMap((reason) => {
    const names = results.filter((one) => (one.reason ?? '') === reason).map((one) => one.case.name);
    return wrap(
      `${reason}: ${names.length > 8 ? plural(names.length, 'case') : names.join(', ')}`,
      width,
      '  ',
    );
  });
}
