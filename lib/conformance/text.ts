import { styleText } from 'node:util';

/** Colours a text for a terminal, or returns it unchanged. */
export type Paint = (colour: 'green' | 'red' | 'dim' | 'bold', text: string) => string;

export const plain: Paint = (_colour, text) => text;
export const coloured: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** Returns bytes as printable text: `\n`, `\x04`, `\xff`, and a backslash as two. */
export function visible(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) {
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    text +=
      ESCAPES[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
  }
  return text;
}

const EXCERPT_START_BYTES = 40;
const EXCERPT_END_BYTES = 12;

/** Like {@link visible}, but a long text is shortened in the middle and followed by its length. */
export function excerpt(bytes: Uint8Array): string {
  if (bytes.length <= EXCERPT_START_BYTES + EXCERPT_END_BYTES + 20) return visible(bytes);
  const ends = `${visible(bytes.subarray(0, EXCERPT_START_BYTES))} … ${visible(bytes.subarray(-EXCERPT_END_BYTES))}`;
  return `${ends} (${bytes.length.toLocaleString('en')} bytes)`;
}

/** Returns how many bytes at the beginning are equal. */
export function commonPrefixLength(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at++;
  return at;
}

const BYTES_BEFORE_DIFFERENCE = 30;
const BYTES_AFTER_DIFFERENCE = 40;

export interface Difference {
  readonly expected: string;
  readonly received: string;
  /** The position of the first difference in both texts, in characters. */
  readonly column: number;
}

/** Shows both texts around their first difference. They begin with the line in which it is, or shortly before it. */
export function showDifference(expected: Buffer, received: Buffer): Difference {
  const at = commonPrefixLength(expected, received);
  const lineStart = at === 0 ? 0 : expected.lastIndexOf(0x0a, at - 1) + 1;
  const start = Math.max(lineStart, at - BYTES_BEFORE_DIFFERENCE);
  const dots = start > lineStart ? '… ' : '';
  const cut = (bytes: Buffer): string => {
    const rest = bytes.length > at + BYTES_AFTER_DIFFERENCE ? ' …' : '';
    return dots + visible(bytes.subarray(start, at + BYTES_AFTER_DIFFERENCE)) + rest;
  };
  return {
    expected: cut(expected),
    received: cut(received),
    column: dots.length + visible(expected.subarray(start, at)).length,
  };
}

const MIN_WIDTH = 60;
const MAX_WIDTH = 100;
const USUAL_WIDTH = 80;

/** Returns the width of a report in characters. */
export function reportWidth(columns = USUAL_WIDTH): number {
  return Math.min(Math.max(columns, MIN_WIDTH), MAX_WIDTH);
}

/**
 * Breaks a text into lines of at most `width` characters. Only a longer word is broken.
 *
 * @param first the start of the first line; all others are indented to the same column
 */
export function wrap(text: string, width: number, first = ''): string[] {
  const indent = ' '.repeat(first.length);
  const room = width - first.length;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > room) {
      lines.push(line.slice(0, room));
      line = line.slice(room);
    }
  }
  return [...lines, line].map((one, i) => (i === 0 ? first : indent) + one);
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns a number with its noun: `1 case`, `2 cases`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
