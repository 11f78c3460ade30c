import { styleText } from 'node:util';

/** Colours a text for a terminal, or returns it unchanged. */
export type Paint = (colour: 'green' | 'red' | 'dim' | 'bold', text: string) => string;

export const plain: Paint = (_colour, text) => text;
export const coloured: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** Returns bytes as printable text: `\n`, `\x04`, `\xff`, and a backslash as two. */
export function visible(bytes: Uint8Array): string {
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

const LINE_WIDTH = 95;

/** Breaks a text into indented lines that fit a terminal. */
export function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last !== '' && last.length + word.length > LINE_WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.map((line) => `   ${line}`);
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
