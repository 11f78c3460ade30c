// Draws the results as an SVG: a panel for each contest and a bar for each relay, for light and dark backgrounds.
import { medianOf } from './goals.js';
import { MINI } from './relays.js';
import type { ContestResult, EntryResult, Results } from './results.js';
import { quantile } from './statistics.js';
import { figure } from './table.js';

const WIDTH = 440;
const LABEL = 150;
const VALUE = 62;
const ROW = 18;
const HEAD = 44;
const GAP = 24;
const MARGIN = 20;
const MAX_VERSION_LENGTH = 16;
const COLUMNS = 2;

const STYLE = `
  .background { fill: #ffffff; stroke: #d0d7de }
  text { fill: #1f2328; font: 12px ui-sans-serif, system-ui, sans-serif }
  .title { font-weight: 600; font-size: 13px }
  .main { font-weight: 600; font-size: 17px }
  .faint { fill: #59636e; font-size: 11px }
  .bar { fill: #8c959f }
  .own { fill: #0969da }
  .spread { stroke: #1f2328; stroke-width: 1.5; opacity: 0.7 }
  @media (prefers-color-scheme: dark) {
    .background { fill: #0d1117; stroke: #3d444d }
    text { fill: #f0f6fc }
    .faint { fill: #9198a1 }
    .bar { fill: #656c76 }
    .own { fill: #4493f8 }
    .spread { stroke: #f0f6fc }
  }
`;

/** Some programs print a sentence of which only the number fits into the picture. */
function shortVersion(text: string): string {
  return text.length > MAX_VERSION_LENGTH ? (/\d+(\.\d+)+/.exec(text)?.[0] ?? text) : text;
}

/** @param names the contests to draw, in this order; contests without results are left out */
export function draw(results: Results, names: readonly string[]): string {
  const contests = names.flatMap((name) => results.contests.filter((contest) => contest.name === name));
  const rows: ContestResult[][] = [];
  for (let i = 0; i < contests.length; i += COLUMNS) rows.push(contests.slice(i, i + COLUMNS));
  const width = MARGIN * 2 + COLUMNS * WIDTH + (COLUMNS - 1) * GAP;
  const panels: string[] = [];
  let y = MARGIN + 78;
  for (const row of rows) {
    for (const [column, contest] of row.entries())
      panels.push(panel(contest, MARGIN + column * (WIDTH + GAP), y));
    y += Math.max(...row.map(heightOf)) + GAP;
  }
  const about = (part: Readonly<Record<string, string>>, show = (value: string) => value): string =>
    Object.entries(part)
      .map(([name, value]) => `${name} ${show(value)}`)
      .join(' · ');
  const head = [
    text(MARGIN, MARGIN + 14, 'mini-serv and its peers', 'main'),
    text(MARGIN, MARGIN + 34, `${results.date.slice(0, 10)} · ${about(results.machine)}`, 'faint'),
    text(MARGIN, MARGIN + 50, about(results.versions, shortVersion), 'faint'),
    text(MARGIN, MARGIN + 66, NOTE, 'faint'),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">`,
    `<title>mini-serv and its peers, ${escapeXml(results.date)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="background" x="0.5" y="0.5" width="${width - 1}" height="${y - 1}" rx="6"/>`,
    ...head,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

const NOTE = 'Medians of rounds measured in turn; thin lines: first to third quartile.';

function heightOf({ entries }: ContestResult): number {
  return HEAD + entries.length * ROW;
}

function panel(contest: ContestResult, x: number, y: number): string {
  const max = Math.max(
    ...contest.entries.map(({ name, samples }) =>
      medianOf(contest, name) === undefined
        ? 0
        : quantile(
            samples.map((sample) => sample[contest.metric] as number),
            0.75,
          ),
    ),
  );
  const better = contest.less ? 'less is better' : 'more is better';
  return [
    text(x, y + 12, contest.name, 'title'),
    text(x, y + 28, `${contest.unit}; ${better}`, 'faint'),
    ...contest.entries.map((entry, row) => bar(contest, entry, x, y + HEAD + row * ROW - 6, max)),
  ].join('\n');
}

function bar(contest: ContestResult, entry: EntryResult, x: number, y: number, max: number): string {
  const value = medianOf(contest, entry.name);
  const label = text(x + LABEL - 6, y + 12, entry.name, '', 'end');
  if (value === undefined) {
    const { disqualified, missing } = entry;
    const reason = disqualified === undefined ? (missing ?? 'not measured') : `disqualified: ${disqualified}`;
    return `${label}\n${text(x + LABEL, y + 12, shorten(reason), 'faint')}`;
  }
  const scale = (number: number): number => Math.round((number / max) * (WIDTH - LABEL - VALUE) * 10) / 10;
  const numbers = entry.samples.map((sample) => sample[contest.metric] as number);
  const [from, to] = [scale(quantile(numbers, 0.25)), scale(quantile(numbers, 0.75))];
  const length = Math.max(1, scale(value));
  const kind = entry.name.startsWith(MINI) ? 'own' : 'bar';
  const middleY = y + 8;
  return [
    label,
    `<rect class="${kind}" x="${x + LABEL}" y="${y + 2}" width="${length}" height="12" rx="2"/>`,
    `<line class="spread" x1="${x + LABEL + from}" x2="${x + LABEL + to}" y1="${middleY}" y2="${middleY}"/>`,
    text(x + LABEL + Math.max(length, to) + 6, y + 12, figure(value), 'faint'),
  ].join('\n');
}

function shorten(reason: string): string {
  return reason.length > 48 ? `${reason.slice(0, 47)}…` : reason;
}

function text(x: number, y: number, content: string, kind: string, anchor = 'start'): string {
  const end = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}"${kind === '' ? '' : ` class="${kind}"`}${end}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
