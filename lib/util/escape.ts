import { Transform } from 'node:stream';

/**
 * Characters that can make a terminal move its cursor, change its title or reverse a text: C0 except `\n` and `\t`, DEL,
 * C1, and controls of text direction and line breaks.
 */
const DANGEROUS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Makes control and direction characters visible, as `\r`, `\x1b` or `\u202e`.
 *
 * @example
 * console.log(escapeText('\x1b[2J')); // \x1b[2J
 */
export function escapeText(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    if (character === '\r') return '\\r';
    const code = character.charCodeAt(0);
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

// RFC 3629, section 4, for bytes as latin1 characters: ASCII, one well-formed character, or else a single byte.
const UTF8 =
  /[\0-\x7f]+|[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\x80-\xff]/g;
/** The start of a character at the end of a chunk. */
const INCOMPLETE = /(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})$/;

/** Converts bytes, given as a latin1 string, into a text that is safe to print. Invalid UTF-8 becomes `\xff`. */
export function escapeBytes(bytes: string): string {
  return bytes.replace(UTF8, (part) => {
    if (part.length === 1 && part >= '\x80') return `\\x${part.charCodeAt(0).toString(16)}`;
    return escapeText(Buffer.from(part, 'latin1').toString('utf8'));
  });
}

/**
 * Creates a Transform that makes a transcript safe to print on a terminal. Chunks may divide characters.
 *
 * @example relay.createReadStream().pipe(escapeControls()).pipe(process.stdout);
 */
export function escapeControls(): Transform {
  const escapeChunk = createEscaper();
  return new Transform({
    transform: (chunk: Buffer, _encoding, callback) => callback(null, escapeChunk(chunk)),
    flush(callback) {
      callback(null, escapeChunk(null));
    },
  });
}

/** Returns a function that escapes one chunk after another. Call it with null at the end. */
export function createEscaper(): (chunk: Buffer | null) => string {
  let rest = '';
  return (chunk) => {
    const bytes = rest + (chunk?.toString('latin1') ?? '');
    rest = chunk === null ? '' : (INCOMPLETE.exec(bytes)?.[0] ?? '');
    return escapeBytes(bytes.slice(0, bytes.length - rest.length));
  };
}
