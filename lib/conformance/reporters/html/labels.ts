import { commonPrefixLength, visible } from '../../text.js';

/** A piece of a label. The first wrong byte is marked. */
export interface Segment {
  readonly text: string;
  readonly isMarked?: boolean;
}

/** Characters of a line of a label. */
export const LABEL_COLUMNS = 48;
const MAX_LABEL_LINES = 5;
const MAX_LINES_BEFORE = 2;

/** Breaks bytes after each newline, and where a line of the label is full. */
export function labelLines(bytes: Buffer): Segment[][] {
  const lines = splitLines(bytes).map((line) => [{ text: clip(line) }]);
  const hidden = lines.length - MAX_LABEL_LINES;
  if (hidden <= 0) return lines;
  return [...lines.slice(0, MAX_LABEL_LINES - 1), [{ text: `… ${hidden + 1} more lines` }]];
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const at = bytes.indexOf(0x0a, start);
    const end = at === -1 ? bytes.length : at + 1;
    lines.push(bytes.subarray(start, end));
    start = end;
  }
  return lines;
}

function clip(bytes: Buffer): string {
  const start = fitStart(bytes, LABEL_COLUMNS);
  if (start.length === bytes.length) return visible(bytes);
  return `${visible(fitStart(bytes, LABEL_COLUMNS - 16))} … ${visible(fitEnd(bytes, 12))}`;
}

/** Returns the first bytes that take at most this many columns, so that no escape is cut. */
function fitStart(bytes: Buffer, columns: number): Buffer {
  let end = Math.min(bytes.length, columns);
  while (visible(bytes.subarray(0, end)).length > columns) end--;
  return bytes.subarray(0, end);
}

function fitEnd(bytes: Buffer, columns: number): Buffer {
  let start = Math.max(0, bytes.length - columns);
  while (visible(bytes.subarray(start)).length > columns) start++;
  return bytes.subarray(start);
}

/** Returns the line with the first wrong byte, which is marked, and the lines before it. */
export function differenceLines(expected: Buffer, received: Buffer): Segment[][] {
  const at = commonPrefixLength(expected, received);
  const lineStart = at === 0 ? 0 : received.lastIndexOf(0x0a, at - 1) + 1;
  const before = received.subarray(lineStart, at);
  const shownBefore = fitEnd(before, LABEL_COLUMNS / 2);
  const start = `${shownBefore.length < before.length ? '… ' : ''}${visible(shownBefore)}`;
  const marked = visible(received.subarray(at, at + 1)).replace(/^ $/, '␣');
  const newline = received.indexOf(0x0a, at);
  const rest = received.subarray(at + 1, newline === -1 ? received.length : newline + 1);
  const columns = LABEL_COLUMNS - start.length - marked.length;
  const isComplete = fitStart(rest, columns).length === rest.length;
  const end = isComplete ? visible(rest) : `${visible(fitStart(rest, columns - 2))} …`;
  const segments = [{ text: start }, { text: marked, isMarked: true }, { text: end }];
  const line = segments.filter(({ text }) => text !== '');
  return [...linesBefore(received, lineStart), ...(line.length > 0 ? [line] : [])];
}

/** Returns the last correct lines. */
function linesBefore(received: Buffer, lineStart: number): Segment[][] {
  const lines = splitLines(received.subarray(0, lineStart));
  const shown = lines.slice(-MAX_LINES_BEFORE).map((line) => [{ text: clip(line) }]);
  const hidden = lines.length - shown.length;
  return hidden > 0 ? [[{ text: `… ${hidden} more lines` }], ...shown] : shown;
}
