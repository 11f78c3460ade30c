import type { Point } from './slope.js';

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

const WIDTH = 860;
const LEFT = 76;
const RIGHT = 16;
const TOP = 64;
/** Heights within a panel. */
const TITLE = 26;
const PLOT = 110;
const GAP = 26;
const PANEL = TITLE + PLOT + GAP;

// Series differ in dashes as well as in colour, for colour-blind readers.
const STYLE = `
  svg { background: #ffffff; font: 12px system-ui, sans-serif; }
  text { fill: #1f2328; } .small { fill: #59636e; }
  .head { font-size: 15px; font-weight: 600; } .title { font-weight: 600; }
  .grid { stroke: #d1d9e0; stroke-width: 1; } .axis { stroke: #59636e; stroke-width: 1; }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
  .s0 { stroke: #0969da; } .s1 { stroke: #bc4c00; stroke-dasharray: 7 3; } .s2 { stroke: #1a7f37; stroke-dasharray: 2 3; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; } text { fill: #f0f6fc; } .small { fill: #9198a1; }
    .grid { stroke: #3d444d; } .axis { stroke: #9198a1; }
    .s0 { stroke: #58a6ff; } .s1 { stroke: #f0883e; } .s2 { stroke: #56d364; }
  }`;

/** Draws panels below each other, over the same time axis in minutes. */
export function chart(head: string, below: string, panels: readonly Panel[]): string {
  const height = TOP + panels.length * PANEL + 20;
  const last = Math.max(
    1,
    ...panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))),
  );
  const minutes = ticks(last);
  const end = Math.max(last, minutes.at(-1) as number);
  const x = (time: number): number => LEFT + (time / end) * (WIDTH - LEFT - RIGHT);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(head)}</title><style>${STYLE}\n</style>`,
    text(16, 24, 'head', head),
    text(16, 42, 'small', below),
    ...legend(panels[0]?.series ?? []),
    ...panels.flatMap((panel, index) => plot(panel, TOP + index * PANEL, x, minutes)),
    text(WIDTH - RIGHT, height - 8, 'small', 'minutes', 'end'),
    '</svg>\n',
  ];
  return parts.join('\n');
}

function legend(series: readonly Series[]): string[] {
  let at = 16;
  return series.flatMap(({ name }, index) => {
    const from = at;
    at += 40 + name.length * 7;
    return [line(`line s${index}`, from, 56, from + 26, 56), text(from + 32, 60, 'small', name)];
  });
}

function plot(panel: Panel, top: number, x: (time: number) => number, minutes: readonly number[]): string[] {
  const base = top + TITLE + PLOT;
  const max = Math.max(1e-9, ...panel.series.flatMap(({ points }) => points.map(([, value]) => value)));
  const values = ticks(max, 4);
  const scale = Math.max(max, values.at(-1) as number);
  const y = (value: number): number => base - (value / scale) * PLOT;
  const right = WIDTH - RIGHT;
  return [
    text(LEFT, top + TITLE - 8, 'title', `${panel.title} (${panel.unit})`),
    ...values.flatMap((value) => [
      line('grid', LEFT, y(value), right, y(value)),
      text(LEFT - 8, y(value) + 4, 'small', String(value), 'end'),
    ]),
    ...minutes.flatMap((time) => [
      line('axis', x(time), base, x(time), base + 4),
      text(x(time), base + 16, 'small', String(time), 'middle'),
    ]),
    line('axis', LEFT, base, right, base),
    line('axis', LEFT, base, LEFT, base - PLOT),
    ...panel.series.map(({ points }, index) => {
      const path = points.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
      return `<polyline class="line s${index}" points="${path}"/>`;
    }),
  ];
}

/** Round numbers from 0 to about `max`. */
export function ticks(max: number, count = 8): number[] {
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) as number) * power;
  // Multiplied and rounded, because adding 0.1 and 0.2 gives 0.30000000000000004.
  return Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, i) =>
    Number((i * step).toPrecision(6)),
  );
}

function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  const at = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line class="${kind}" x1="${at[0]}" y1="${at[1]}" x2="${at[2]}" y2="${at[3]}"/>`;
}

function text(x: number, y: number, kind: string, content: string, anchor = 'start'): string {
  const at = `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`;
  return `<text class="${kind}" ${at} text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
