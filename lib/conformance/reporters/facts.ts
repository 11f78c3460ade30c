import { PARAGRAPHS } from '../case.js';
import { describeExit, hintFor } from '../exit.js';
import type { Result } from '../run.js';
import { capitalize, excerpt, showDifference } from '../text.js';
import { printable } from './printable.js';

/** Lines of the compiler, or of standard error, that are quoted. */
const MAX_LINES = 20;
/** The middle of a longer list of steps is left out. */
const MAX_STEPS = 24;

/** The facts about a failure, as lines of printable text. */
export interface Facts {
  readonly what: string;
  /** How the server ended. */
  readonly exit: string | undefined;
  /** The line with the first difference, or the part around it. */
  readonly expected: string | undefined;
  readonly received: string | undefined;
  /** The messages of the compiler, the lines of the source that break a rule, or how to play a session again. */
  readonly output: readonly string[];
  readonly stderr: readonly string[];
  readonly steps: readonly string[];
  readonly subject: string;
  readonly hint: string;
}

export function factsOf(result: Result): Facts {
  const { details, exit, stderr = [] } = result;
  const { expected, received, end } = details ?? {};
  const shown =
    expected === undefined || received === undefined ? undefined : showDifference(expected, received);
  const ending = end === undefined ? [] : [`‹${printable(end)}›`];
  return {
    what: printable(capitalize(details?.what ?? 'it failed')),
    exit: exit === undefined ? undefined : printable(capitalize(describeExit(exit))),
    expected: shown && (shown.expected || '‹nothing›'),
    received: shown && ([shown.received, ...ending].filter(Boolean).join(' ') || '‹nothing›'),
    output: clipLines(details?.output ?? []).map(printable),
    stderr: clipLines(stderr).map((line) => excerpt(Buffer.from(line, 'latin1'))),
    steps: stepTexts(result),
    subject: PARAGRAPHS[result.case.paragraph],
    hint: printableParagraph(hintFor(result)),
  };
}

/** Returns the steps as sentences. The last one is the one that failed. */
export function stepTexts({ timeline }: Result): string[] {
  const texts = timeline.map(({ client, action, bytes }, i) => {
    const isLast = i === timeline.length - 1;
    const verb = isLast ? action.replace(/^receives/, 'should receive') : action;
    const subject = client === undefined ? '' : `${client} `;
    return printable(`${i + 1}. ${subject}${verb}${bytes === undefined ? '' : ` ${excerpt(bytes)}`}`);
  });
  if (texts.length <= MAX_STEPS) return texts;
  const half = MAX_STEPS / 2;
  return [...texts.slice(0, half), `… ${texts.length - MAX_STEPS} more steps`, ...texts.slice(-half)];
}

function clipLines(lines: readonly string[]): string[] {
  const rest = lines.length - MAX_LINES;
  return rest > 0 ? [...lines.slice(0, MAX_LINES), `… ${rest} more lines`] : [...lines];
}

/** The texts of the kit are longer than a quoted line may be. */
function printableParagraph(text: string): string {
  return text.split('\n').map(printable).join(' ');
}

/** Returns the explanation of a failure as a block of plain text. */
export function explanationLines(facts: Facts): string[] {
  const { what, exit, expected, received, output, stderr, steps, subject, hint } = facts;
  return [
    `${what}.`,
    ...(exit === undefined ? [] : [`${exit}.`]),
    ...(expected === undefined ? [] : ['', `expected  ${expected}`, `received  ${received}`]),
    ...titled('details', output),
    ...titled('standard error', stderr),
    ...titled('steps', steps),
    '',
    `The subject: ${subject}`,
    `Usual cause: ${hint}`,
  ];
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}
