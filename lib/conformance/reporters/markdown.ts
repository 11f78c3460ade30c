import type { Rank } from '../case.js';
import type { Cause } from '../causes.js';
import type { Reporter, Summary } from '../reporter.js';
import type { Result } from '../run.js';
import type { Count } from '../verdict.js';
import { explanationLines, factsOf } from './facts.js';
import { printable } from './printable.js';

const SIGNS = { passed: '✅', failed: '❌', skipped: '➖', undecided: '❔' } as const;
const VERDICT_SIGNS = { conforms: '✅', fails: '❌', undecided: '❔' } as const;

/** Writes the report in GitHub's Markdown. */
export function markdown(): Reporter {
  return { onEnd: markdownReport };
}

/** Returns the verdict, a table of the ranks, the failures by cause, and all cases. */
export function markdownReport({ plan, results, counts, causes, verdict, sentence }: Summary): string {
  return [
    `## ${VERDICT_SIGNS[verdict]} ${escapeText(sentence)}`,
    `Tested: ${inlineCode(plan.command.join(' '))}`,
    rankTable(results, counts),
    ...causes.flatMap((cause) => explanation(cause, plan.required)),
    `<details><summary>All cases</summary>`,
    caseTable(results),
    '</details>\n',
  ].join('\n\n');
}

/** Returns a row for each rank, and one with the sums. */
function rankTable(results: readonly Result[], counts: readonly Count[]): string {
  const rows = counts.map(({ rank, passed, failed, skipped, undecided, ...count }) =>
    row(count.required ? rank : `${rank} (not required)`, passed, failed, skipped, undecided),
  );
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  return [
    row('rank', 'passed', 'failed', 'skipped', 'could not be judged'),
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    row('all', count('passed'), count('failed'), count('skipped'), count('undecided')),
  ].join('\n');
}

function caseTable(results: readonly Result[]): string {
  const rows = results.map(({ case: one, outcome, reason }) =>
    row(
      `${SIGNS[outcome]} ${outcome}`,
      inlineCode(one.name),
      one.rank,
      escapeText(one.title) + (reason === undefined ? '' : ` (${inlineCode(reason)})`),
    ),
  );
  return [row('result', 'case', 'rank', 'rule'), '| --- | --- | --- | --- |', ...rows].join('\n');
}

function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function explanation({ first, others }: Cause, required: readonly Rank[]): string[] {
  const { name, rank, title } = first.case;
  const note = required.includes(rank) ? '' : ' (not required)';
  const names = others.map((other) => inlineCode(other.case.name)).join(', ');
  return [
    `### ${inlineCode(name)}${note}: ${escapeText(title)}`,
    codeBlock(explanationLines(factsOf(first))),
    ...(others.length === 0 ? [] : [`${others.length} more for the same reason: ${names}`]),
  ];
}

/** Escapes every character that has a meaning in Markdown or HTML. */
function escapeText(text: string): string {
  return printable(text).replace(/[\\`*_{}[\]<>#|~&@!]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Unlike backticks, the element can hold backticks and pipes, also in a table. */
function inlineCode(text: string): string {
  const escaped = printable(text).replace(
    /[^a-zA-Z0-9 .,/=-]/gu,
    (character) => `&#${character.codePointAt(0)};`,
  );
  return `<code>${escaped}</code>`;
}

/** A fence that is indented by four spaces does not end the block. */
function codeBlock(lines: readonly string[]): string {
  const safe = lines.map((line) => (/^ {0,3}```/.test(line) ? `    ${line}` : line));
  return ['```text', ...safe, '```'].join('\n');
}
