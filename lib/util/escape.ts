import { Transform, type TransformOptions } from 'node:stream';

/**
 * What a line may do to somebody's terminal: move its cursor, change its title, turn its text around. C0 other
 * than `\n` and `\t`, DEL, C1, and the characters that set the direction or the breaks of a text.
 */
const DANGEROUS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** A text with control and direction characters made visible, as `\r`, `\x1b` or `\u202e`. */
export function escapeText(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    if (character === '\r') return '\\r';
    const code = character.charCodeAt(0);
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

// RFC 3629, section 4, on bytes as latin1 characters: one well-formed character, or else a single byte.
const UTF8 =
  /[\0-\x7f]+|[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\x80-\xff]/g;
/** The beginning of a character at the end of a chunk. */
const UNFINISHED = /(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})$/;

/** Bytes, as a latin1 string, as text that is safe to show: what is no UTF-8 is shown as `\xff`. */
export function escapeBytes(bytes: string): string {
  return bytes.replace(UTF8, (part) => {
    if (part.length === 1 && part >= '\x80') return `\\x${part.charCodeAt(0).toString(16)}`;
    return escapeText(Buffer.from(part, 'latin1').toString('utf8'));
  });
}

/**
 * The transcript as a terminal may show it: bytes in, bytes out. A character may be cut in two between chunks.
 *
 * @example relay.createReadStream().pipe(escapeControls()).pipe(process.stdout);
 */
export function escapeControls(): Transform {
  const escaped = createEscaper();
  const options: TransformOptions = {
    transform: (chunk: Buffer, _encoding, callback) => callback(null, escaped(chunk)),
    flush(callback) {
      callback(null, escaped(null));
    },
  };
  return new Transform(options);
}

/** The same as a function of one chunk after another, and null at the end. */
export function createEscaper(): (chunk: Buffer | null) => string {
  let rest = '';
  return (chunk) => {
    const bytes = rest + (chunk?.toString('latin1') ?? '');
    rest = chunk === null ? '' : (UNFINISHED.exec(bytes)?.[0] ?? '');
    return escapeBytes(bytes.slice(0, bytes.length - rest.length));
  };
}
