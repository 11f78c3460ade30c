// Prints the results as Markdown tables.
import { type Goal, type Judged, medianOf, type Verdict } from './goals.js';
import { LIMIT } from './relays.js';
import type { ContestResult, EntryResult } from './results.js';
import { quantile, type Ratio, ratioOf } from './statistics.js';

/** Three significant digits, with a unit prefix for large numbers. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  for (const [factor, letter] of [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ] as const) {
    if (Math.abs(value) >= factor * 0.9995) return `${digits(value / factor)}${letter}`;
  }
  return digits(value);
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  return size >= 0.0995 || size === 0 ? value.toFixed(2) : value.toPrecision(2);
}

export function ratioText({ ratio, spread }: Ratio): string {
  return `${figure(ratio)} (${figure(spread[0])}–${figure(spread[1])})`;
}

/** One contest: medians with quartiles, and ratios to the limit if the limit takes part. */
export function contestTable(contest: ContestResult): string {
  const numbers = (name: string): number[] =>
    contest.entries.find((entry) => entry.name === name)?.samples.map((s) => s[contest.metric] as number) ??
    [];
  const limit = numbers(LIMIT);
  const valid = medianOf(contest, LIMIT) !== undefined;
  const rows = contest.entries.map((entry) => {
    const { name, samples } = entry;
    const reason = reasonOf(entry);
    if (reason !== undefined) return [name, reason, '', ''];
    if (samples.length === 0) return [name, 'not measured', '', ''];
    const own = numbers(name);
    const quartiles = `${figure(quantile(own, 0.25))}–${figure(quantile(own, 0.75))}`;
    return [name, figure(quantile(own, 0.5)), quartiles, valid ? ratioText(ratioOf(own, limit)) : ''];
  });
  const head = ['', contest.unit, 'quartiles', valid ? 'of the limit' : ''];
  return `${contest.name}\n\n${table(head, rows)}`;
}

/** Why there are no valid figures of an entry. */
export function reasonOf({ disqualified, missing }: EntryResult): string | undefined {
  const reason = disqualified === undefined ? missing : `disqualified: ${disqualified}`;
  return reason === undefined ? undefined : cell(reason);
}

export function goalText({ contest, of, against, metric, atLeast, atMost }: Goal): string {
  const what = metric === undefined ? of : `${of}, ${metric}`;
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return `${contest}: ${what} ${bound}${against === undefined ? '' : ` × ${against}`}`;
}

export function goalTable(judged: readonly Judged[]): string {
  const rows = judged.map(({ goal, verdict, measured, reason }) => [
    goalText(goal),
    measured === undefined ? cell(reason ?? '–') : ratioText(measured),
    measured === undefined ? '' : String(measured.pairs),
    verdict,
  ]);
  return table(['goal', 'measured (quartiles)', 'rounds', ''], rows);
}

/** The goals that are not met, with their figures and the known reasons, and the numbers of goals by verdict. */
export function summary(judged: readonly Judged[], tookMs: number): string {
  const by = (verdict: Verdict): readonly Judged[] => judged.filter((each) => each.verdict === verdict);
  const named = (['missed', 'undecided', 'unknown'] as const).flatMap((verdict) => by(verdict).map(explain));
  const reasons = [...new Set(by('unknown').flatMap(({ reason = [] }) => reason))];
  const seconds = Math.round(tookMs / 1000);
  const time = `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const counts = [
    `${by('met').length} met`,
    `${by('missed').length} missed`,
    `${by('undecided').length} undecided`,
    `${by('unknown').length} not measured${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`,
  ];
  const goals = judged.length === 1 ? 'goal' : 'goals';
  return [...named, `${judged.length} ${goals}: ${counts.join(', ')}, in ${time}`].join('\n');
}

function explain({ goal, verdict, measured, reason }: Judged): string {
  const rounds = measured?.pairs === 1 ? '1 round' : `${measured?.pairs} rounds`;
  const found = measured === undefined ? reason : `measured ${ratioText(measured)} in ${rounds}`;
  const why = goal.why === undefined || verdict === 'unknown' ? '' : `. ${goal.why}`;
  return `${verdict === 'unknown' ? 'not measured' : verdict}: ${goalText(goal)}: ${found}${why}`;
}

/** The contest in which the load generator used most of its core. Near 1 it measures itself instead of the relay. */
export function busiest(contests: readonly ContestResult[]): { contest: string; busy: number } | undefined {
  const all = contests.flatMap(({ name, entries }) =>
    entries.flatMap(({ samples }) => samples.map(({ busy }) => ({ contest: name, busy: busy ?? 0 }))),
  );
  return all.sort((a, b) => b.busy - a.busy)[0];
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return `${line(head)}|${' --- |'.repeat(head.length)}\n${rows.map(line).join('')}`;
}

/** Escapes a text that may contain bytes from a relay. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
