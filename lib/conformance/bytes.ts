const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** Bytes as a person can tell them apart: `\n`, `\x04`, `\xff`, a backslash twice, and the rest as it is. */
export function visible(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const printable = byte >= 0x20 && byte < 0x7f;
    text +=
      NAMED[byte] ?? (printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
  }
  return text;
}

const FIRST = 40;
const LAST = 12;

/** The same, with the middle left out of what is long, and then how long it is. */
export function excerpt(bytes: Uint8Array): string {
  if (bytes.length <= FIRST + LAST + 20) return visible(bytes);
  const ends = `${visible(bytes.subarray(0, FIRST))} … ${visible(bytes.subarray(-LAST))}`;
  return `${ends} (${bytes.length.toLocaleString('en')} bytes)`;
}

/** How many bytes are the same at the beginning. */
export function same(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.length, other.length);
  let at = 0;
  while (at < length && one[at] === other[at]) at++;
  return at;
}

/** How much is shown before the first difference, and from it on. */
const BEFORE = 30;
const AFTER = 40;

export interface Marked {
  readonly expected: string;
  readonly came: string;
  /** So many characters stand before the first difference, in both. */
  readonly column: number;
}

/** Both from the beginning of the line in which they differ first, or from not too far before that. */
export function mark(expected: Buffer, came: Buffer): Marked {
  const at = same(expected, came);
  const line = at === 0 ? 0 : expected.lastIndexOf(0x0a, at - 1) + 1;
  const from = Math.max(line, at - BEFORE);
  const dots = from > line ? '… ' : '';
  const cut = (bytes: Buffer): string => {
    const rest = bytes.length > at + AFTER ? ' …' : '';
    return dots + visible(bytes.subarray(from, at + AFTER)) + rest;
  };
  return {
    expected: cut(expected),
    came: cut(came),
    column: dots.length + visible(expected.subarray(from, at)).length,
  };
}
