import { Transform } from 'node:stream';
import { escapeBytes } from './escape-text.js';
import { type LineMark, lineMark } from './line-mark.js';
import { checkNames } from './option-names.js';

/** The start of a character at the end of a chunk. */
const INCOMPLETE = /(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})$/;

/** Options of {@link escapeControls}. */
export interface EscapeOptions {
  /**
   * Whether each line starts with a mark, `▌ ` or `| `, that no client can send. A row without it continues the line above,
   * so that a long line cannot look like two. Default: false.
   */
  readonly lineMarks?: boolean;
}

/**
 * Creates a Transform that makes a transcript safe to print on a terminal. Chunks may divide characters.
 *
 * @example relay.createReadStream().pipe(escapeControls({ lineMarks: true })).pipe(process.stdout);
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function escapeControls(options: EscapeOptions = {}): Transform {
  checkNames(options, ['lineMarks']);
  const escapeChunk = createEscaper(options.lineMarks === true ? lineMark() : undefined);
  return new Transform({
    transform: (chunk: Buffer, _encoding, callback) => callback(null, escapeChunk(chunk)),
    flush(callback) {
      callback(null, escapeChunk(null));
    },
  });
}

/**
 * Returns a function that escapes one chunk after another. Call it with null at the end.
 *
 * @param mark starts each line
 */
export function createEscaper(mark?: LineMark): (chunk: Buffer | null) => string {
  let rest = '';
  let isLineStart = true;
  return (chunk) => {
    const bytes = rest + (chunk?.toString('latin1') ?? '');
    rest = chunk === null ? '' : (INCOMPLETE.exec(bytes)?.[0] ?? '');
    const text = escapeBytes(bytes.slice(0, bytes.length - rest.length));
    if (mark === undefined || text === '') return text;
    const marked = mark.apply(text, isLineStart);
    isLineStart = text.endsWith('\n');
    return marked;
  };
}
