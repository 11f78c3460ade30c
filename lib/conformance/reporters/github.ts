import type { Reporter, Summary } from '../reporter.js';
import type { Result } from '../run.js';
import { factsOf } from './facts.js';
import { type Location, locationsOf, pathInRepository } from './locations.js';
import { markdownReport } from './markdown.js';
import { printable } from './printable.js';

/** Annotations of one failure. GitHub shows ten of each kind for a step. */
const MAX_LOCATIONS = 10;

export interface GithubOptions {
  /** The folder of the repository, to which the paths in annotations are relative. */
  readonly workspace?: string | undefined;
  /** Receives the summary of the run in Markdown. Default: it follows the annotations. */
  readonly onSummary?: ((markdown: string) => void) | undefined;
}

/** Writes annotations for GitHub Actions, and a summary of the run. */
export function github({ workspace, onSummary }: GithubOptions): Reporter {
  return {
    onEnd(summary) {
      const annotations = githubAnnotations(summary, workspace);
      const markdown = markdownReport(summary);
      if (onSummary === undefined) return annotations + withoutCommands(markdown);
      onSummary(markdown);
      return annotations;
    },
  };
}

/** The runner reads commands also in indented lines, and those of the old form anywhere in a line. */
function withoutCommands(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '## [');
}

/**
 * Returns workflow commands, which GitHub shows as annotations: an error for each failure that is required, a warning for
 * each that is not, and a notice for each case that could not be judged.
 */
export function githubAnnotations(summary: Summary, workspace: string | undefined): string {
  const { results, causes } = summary;
  // The first failure of each cause comes first, because GitHub shows only some.
  const failures = [...causes.map(({ first }) => first), ...causes.flatMap(({ others }) => others)];
  const undecided = results.filter(({ outcome }) => outcome === 'undecided');
  return [
    ...failures.flatMap((result) => failureCommands(result, summary, workspace)),
    ...undecided.map(({ case: one, reason = '' }) => command('notice', { title: one.name }, reason)),
    '',
  ].join('\n');
}

function failureCommands(
  result: Result,
  { plan: { required, sourcePath } }: Summary,
  workspace: string | undefined,
): string[] {
  const { case: one } = result;
  const { what, expected, received, exit, hint } = factsOf(result);
  const level = required.includes(one.rank) ? 'error' : 'warning';
  const title = `${one.name}: ${one.title}`;
  const file = sourcePath && pathInRepository(sourcePath, workspace);
  const locations = sourcePath === undefined ? [] : locationsOf(result, sourcePath).slice(0, MAX_LOCATIONS);
  if (locations.length > 0) {
    return locations.map(({ line, column, message }: Location) =>
      command(level, { file, line, col: column, title }, `${printable(message)}\n${hint}`),
    );
  }
  const lines = [
    `${what}.`,
    ...(exit === undefined ? [] : [`${exit}.`]),
    ...(expected === undefined ? [] : [`expected  ${expected}`, `received  ${received}`]),
    `Usual cause: ${hint}`,
  ];
  return [command(level, { file, title }, lines.join('\n'))];
}

/** Returns a workflow command. Its escapes keep every text from ending it, or from beginning another. */
function command(
  level: 'error' | 'warning' | 'notice',
  properties: Readonly<Record<string, string | number | undefined>>,
  message: string,
): string {
  const set = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${escapeProperty(`${value}`)}`],
  );
  return `::${level} ${set.join(',')}::${message.split('\n').map(printable).map(escapeData).join('%0A')}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25');
}

function escapeProperty(text: string): string {
  return escapeData(printable(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
