import type { Result } from '../../run.js';
import { stepTexts } from '../facts.js';
import { escapeMarkup } from '../xml.js';
import { LABEL_COLUMNS, type Segment } from './labels.js';
import { type Diagram, diagramOf, OTHERS, type Row } from './rows.js';

// Lengths in pixels of the viewBox.
const SERVER_X = 58;
const LANE_GAP = 80;
/** With more clients than this, the lanes are closer to each other. */
const MAX_WIDE_LANES = 4;
const NARROW_LANE_GAP = 50;
const LABEL_X = SERVER_X + 12;
const CHARACTER = 7.2;
const LINE = 16;
const HEAD = 26;
const MIN_WIDTH = 320;

/** Draws a failed case as a sequence diagram: a lane for the server and for each client, and time downwards. */
export function drawDiagram(result: Result, id: string): string {
  const diagram = diagramOf(result);
  const { lanes, rows } = diagram;
  const columns = Math.max(...rows.flatMap(lengthsOf));
  const laneWidth = SERVER_X + lanes.length * laneGap(lanes) + 40;
  const width = Math.ceil(Math.max(MIN_WIDTH, laneWidth, LABEL_X + columns * CHARACTER + 8));
  const tops: number[] = [];
  let y = HEAD + 8;
  for (const row of rows) {
    tops.push(y);
    y += heightOf(row);
  }
  const height = y + 12;
  const ys = rows.map((row, i) => (tops[i] as number) + heightOf(row) - 10);
  const title = `Sequence diagram of ${result.case.name}`;
  const description = [...stepTexts(result), ...rows.filter(({ tone }) => tone === 'wrong').map(describe)];
  return [
    `<svg class="diagram" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeMarkup(title)}</title>`,
    `<desc id="${id}-desc">${escapeMarkup(description.join('\n'))}</desc>`,
    ...lifelines(diagram, ys, height),
    ...rows.map((row, i) => drawRow(row, tops[i] as number, ys[i] as number, lanes, width)),
    '</svg>',
  ].join('\n');
}

function describe({ caption = '', label }: Row): string {
  const texts = label.map((line) => line.map(({ text }) => text).join(''));
  return [caption, ...texts].join(' ');
}

function lengthsOf({ caption = '', label }: Row): number[] {
  const lines = label.map((line) => line.map(({ text }) => text).join(''));
  return [...wrapCaption(caption), ...lines].map(({ length }) => length);
}

function heightOf({ caption, label, lane, direction }: Row): number {
  const captionLines = caption === undefined ? 0 : wrapCaption(caption).length;
  return LINE * (captionLines + label.length) + 14 + (direction === undefined && lane !== undefined ? 6 : 0);
}

function xOf(lane: string, lanes: readonly string[]): number {
  return SERVER_X + (lanes.indexOf(lane) + 1) * laneGap(lanes);
}

function laneGap(lanes: readonly string[]): number {
  return lanes.length > MAX_WIDE_LANES ? NARROW_LANE_GAP : LANE_GAP;
}

/** Draws the lane of the server and of each client, from where it begins to where it ends. */
function lifelines({ lanes, rows }: Diagram, ys: readonly number[], bottom: number): string[] {
  const ended = rows.findIndex(({ change }) => change === 'server ends');
  return [
    lifeline('server', SERVER_X, HEAD, ended === -1 ? bottom : (ys[ended] as number), 64),
    ...lanes.map((lane) => {
      const start =
        ys[rows.findIndex((row) => row.lane === lane && row.change === 'client connects')] ?? HEAD;
      // A client that has sent a FIN can still receive.
      const last = rows.findLastIndex((row) => row.lane === lane || row.otherLanes?.includes(lane));
      const end = rows[last]?.change === 'client leaves' ? (ys[last] as number) : bottom;
      return lifeline(lane, xOf(lane, lanes), start, end, lane === OTHERS ? 56 : 34);
    }),
  ];
}

function lifeline(name: string, x: number, start: number, end: number, width: number): string {
  const box = `<rect class="head" x="${x - width / 2}" y="1" width="${width}" height="${HEAD - 2}" rx="5"/>`;
  const label = `<text class="head" x="${x}" y="18">${escapeMarkup(name)}</text>`;
  return `<path class="lane" d="M${x} ${start}V${end}"/>${box}${label}`;
}

function drawRow(row: Row, top: number, y: number, lanes: readonly string[], width: number): string {
  const { number, lane, caption, label, tone } = row;
  const lines = caption === undefined ? [] : wrapCaption(caption);
  const texts = [
    ...(number === undefined ? [] : [`<text class="number" x="22" y="${top + 12}">${number}</text>`]),
    ...lines.map((line, i) => captionText(line, top + 12 + i * LINE)),
    ...label.map((line, i) => labelText(line, top + 12 + (lines.length + i) * LINE)),
  ];
  const shape =
    lane === undefined
      ? band(top, y, width)
      : arrow(
          row,
          [lane, ...(row.otherLanes ?? [])].map((name) => xOf(name, lanes)),
          y,
        );
  return `<g class="${tone}">${shape}${texts.join('')}</g>`;
}

/** A note for all lanes lies on a band. */
function band(top: number, y: number, width: number): string {
  return `<rect class="band" x="${SERVER_X}" y="${top - 4}" width="${width - SERVER_X - 2}" height="${y - top + 5}" rx="5"/>`;
}

/** Draws a packet between the server and a client, or from the server to several clients. */
function arrow({ direction, change, tone }: Row, xs: readonly number[], y: number): string {
  const x = Math.max(...xs);
  if (direction === undefined) {
    if (tone === 'wrong') return `<path class="cross" d="M${x - 6} ${y - 6}l12 12m0 -12l-12 12"/>`;
    return `<rect class="dot" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
  }
  const isToServer = direction === 'to server';
  const tips = isToServer ? [SERVER_X] : xs;
  const back = isToServer ? 8 : -8;
  const heads = tips.map((tip) => `<path class="tip" d="M${tip} ${y}l${back} -5v10z"/>`).join('');
  const end = change === undefined ? '' : `<circle class="${change}" cx="${x}" cy="${y}" r="4.5"/>`;
  return `<path class="arrow" d="M${SERVER_X} ${y}H${x}"/>${heads}${end}`;
}

function captionText(text: string, y: number): string {
  return `<text class="caption" x="${LABEL_X}" y="${y}">${escapeMarkup(text)}</text>`;
}

/** Text of a fixed width, so that the mark is behind its byte with every font. */
function labelText(segments: readonly Segment[], y: number): string {
  let column = 0;
  let marks = '';
  const box = (className: string, at: number, length: number): string =>
    `<rect class="${className}" x="${round(LABEL_X + at * CHARACTER - 1)}" y="${y - 12}" width="${round(length * CHARACTER + 2)}" height="${LINE}"/>`;
  const spans = segments.map(({ text, isMarked }) => {
    if (isMarked) marks += box('mark', column, text.length);
    column += text.length;
    return isMarked ? `<tspan class="marked">${escapeMarkup(text)}</tspan>` : escapeMarkup(text);
  });
  const text = `<text class="bytes" x="${LABEL_X}" y="${y}" textLength="${round(column * CHARACTER)}" lengthAdjust="spacingAndGlyphs">${spans.join('')}</text>`;
  return box('under', 0, column) + marks + text;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/** Breaks a caption into lines of the width of the diagram. */
function wrapCaption(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last !== '' && last.length + word.length >= LABEL_COLUMNS) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
