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
  const lines = splitLines(bytes).map((line) => [{ text: clip(visible(line)) }]);
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

function clip(text: string): string {
  if (text.length <= LABEL_COLUMNS) return text;
  return `${text.slice(0, LABEL_COLUMNS - 16)} … ${text.slice(-12)}`;
}

/** Returns the line with the first wrong byte, which is marked, and the lines before it. */
export function differenceLines(expected: Buffer, received: Buffer): Segment[][] {
  const at = commonPrefixLength(expected, received);
  const lineStart = at === 0 ? 0 : received.lastIndexOf(0x0a, at - 1) + 1;
  const before = visible(received.subarray(lineStart, at));
  const isClipped = before.length > LABEL_COLUMNS / 2;
  const start = isClipped ? `… ${before.slice(-LABEL_COLUMNS / 2)}` : before;
  const marked = visible(received.subarray(at, at + 1)).replace(/^ $/, '␣');
  const lineEnd = received.indexOf(0x0a, at);
  const end = lineEnd === -1 ? received.length : lineEnd + 1;
  const rest = visible(received.subarray(at + 1, Math.max(at + 1, end)));
  const room = LABEL_COLUMNS - start.length - marked.length;
  const segments = [
    { text: start },
    { text: marked, isMarked: true },
    { text: rest.length > room ? `${rest.slice(0, room - 2)} …` : rest },
  ];
  return [...linesBefore(received, lineStart), segments.filter(({ text }) => text !== '')];
}

/** Returns the last correct lines. */
function linesBefore(received: Buffer, lineStart: number): Segment[][] {
  const lines = splitLines(received.subarray(0, lineStart));
  const shown = lines.slice(-MAX_LINES_BEFORE).map((line) => [{ text: clip(visible(line)) }]);
  const hidden = lines.length - shown.length;
  return hidden > 0 ? [[{ text: `… ${hidden} more lines` }], ...shown] : shown;
}
