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

/** Returns a text for people without control characters, which could change the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace.
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) =>
    character === '\t' ? '    ' : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
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
const USUAL_DIFFERENCE_WIDTH = 160;

export interface Difference {
  readonly expected: string;
  readonly received: string;
  /** The position of the first difference in both texts, in characters. */
  readonly column: number;
}

/**
 * Shows both texts around their first difference. They begin with the line in which it is, or shortly before it.
 *
 * @param width the length of both texts in characters, at most
 */
export function showDifference(
  expected: Buffer,
  received: Buffer,
  width = USUAL_DIFFERENCE_WIDTH,
): Difference {
  const at = commonPrefixLength(expected, received);
  const lineStart = at === 0 ? 0 : expected.lastIndexOf(0x0a, at - 1) + 1;
  let start = Math.max(lineStart, at - BYTES_BEFORE_DIFFERENCE);
  // A byte can take four characters.
  while (start < at && visible(expected.subarray(start, at)).length > width / 2) start++;
  const dots = start > lineStart ? '… ' : '';
  const cut = (bytes: Buffer): string => {
    let end = Math.min(bytes.length, at + BYTES_AFTER_DIFFERENCE);
    const room = width - dots.length - ' …'.length;
    while (end > at && visible(bytes.subarray(start, end)).length > room) end--;
    return dots + visible(bytes.subarray(start, end)) + (bytes.length > end ? ' …' : '');
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
/** A start that leaves less does not make the text narrower. */
const MIN_TEXT_WIDTH = 20;

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
  const room = Math.max(MIN_TEXT_WIDTH, width - first.length);
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
