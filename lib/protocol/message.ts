import { prefixLines } from './prefix.js';

/**
 * What a transform sees and gives: a client's arrival, one line of it, its leaving.
 * `text` is the line as Unicode text, without its newline (a `\r` before it stays).
 */
export type Message =
  | { readonly kind: 'arrived'; readonly client: number }
  | { readonly kind: 'line'; readonly client: number; readonly text: string }
  | { readonly kind: 'left'; readonly client: number };

/** Whether a transform has given what it should. */
export function isMessage(value: unknown): value is Message {
  const { kind, text } = (value ?? {}) as { kind?: unknown; text?: unknown };
  return kind === 'line' ? typeof text === 'string' : kind === 'arrived' || kind === 'left';
}

/**
 * What goes through the hub: the lines of one chunk travel as one object, since one object a line costs more
 * than all the rest together. `bytes` is a latin1 string (a character a byte): lines without their prefix,
 * `\n` between them. A notice that a transform dropped is `silent`: it changes the roster and is not said.
 */
export type ClientEvent =
  | { readonly kind: 'arrived'; readonly client: number; readonly silent: boolean }
  | { readonly kind: 'lines'; readonly client: number; readonly bytes: string }
  | { readonly kind: 'left'; readonly client: number; readonly silent: boolean };

/** The wire form of what was said, as a latin1 string. Every line of it begins with the relay's own prefix. */
export function render(said: ClientEvent): string {
  if (said.kind !== 'lines') return `server: client ${said.client} just ${said.kind}\n`;
  const prefix = prefixOf(said.client);
  return `${prefix}${prefixed(said.bytes, prefix)}\n`;
}

function prefixOf(client: number): string {
  return `client ${client}: `;
}

/** A block whose lines but the first have their prefix. */
function prefixed(bytes: string, prefix: string): string {
  return bytes.replaceAll('\n', `\n${prefix}`);
}

/**
 * Each line of a block gets a prefix: many short ones must stay far below the longest string that there can be,
 * and to put a line longer than this and its prefix into one string costs more than to write both.
 */
export const BLOCK_BYTES = 1024 * 1024;

/** A block as blocks of about the size that a chunk may have. A line is never divided. */
export function splitBlock(block: string): string[] {
  const blocks: string[] = [];
  let start = 0;
  while (block.length - start > BLOCK_BYTES) {
    const end = block.indexOf('\n', start + BLOCK_BYTES);
    if (end === -1) break;
    blocks.push(block.slice(start, end));
    start = end + 1;
  }
  blocks.push(start === 0 ? block : block.slice(start));
  return blocks;
}

/** The wire form of lines in pieces: one, but for what is long. */
export function renderPieces(client: number, lines: string): Iterable<string> {
  const prefix = prefixOf(client);
  // No generator for what is said most: in a chat it would cost as much as the rest of this.
  return lines.length <= BLOCK_BYTES ? [`${prefix}${prefixed(lines, prefix)}\n`] : longPieces(prefix, lines);
}

function* longPieces(prefix: string, lines: string): Generator<string> {
  for (const bytes of splitBlock(lines)) {
    // A line that is longer than a block comes last, and there are not many newlines before it.
    yield prefix;
    yield prefixed(bytes, prefix);
    yield '\n';
  }
}

/** As {@link renderPieces} gives it, or as bytes where that is faster. Those are good until this is called again. */
export function renderBytes(client: number, lines: string): Iterable<string | Buffer> {
  const bytes = prefixLines(prefixOf(client), lines);
  return bytes === null ? renderPieces(client, lines) : [bytes];
}

const ASCII = /^[\0-\x7f]*$/;

/** Unicode text of bytes given as a latin1 string; U+FFFD stands for what is no valid UTF-8. */
export function decode(bytes: string): string {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The UTF-8 bytes of a text, as a latin1 string. */
export function encode(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Where a line keeps the bytes that its text could not hold. A symbol survives `{ ...message }`. */
const ORIGIN = Symbol('bytes that are no valid UTF-8');

interface Original {
  readonly text: string;
  readonly bytes: string;
}

/** The lines of one chunk, taken apart into single messages. */
export function toMessages(client: number, block: string): Message[] {
  const ascii = ASCII.test(block);
  return block.split('\n').map((bytes) => {
    const text = ascii ? bytes : decode(bytes);
    // Valid UTF-8 comes back from its text byte for byte, so only the rest has to be remembered.
    if (ascii || !text.includes('\ufffd')) return { kind: 'line', client, text };
    return { kind: 'line', client, text, [ORIGIN]: { text, bytes } satisfies Original } as Message;
  });
}

/** A line as it comes from the transforms. */
export interface Line {
  readonly text: string;
  readonly [ORIGIN]?: Original;
}

/** The bytes that a line came in as, if its text is as it was and could not hold them. */
export function originalBytes({ text, [ORIGIN]: original }: Line): string | undefined {
  return original?.text === text ? original.bytes : undefined;
}

/** The bytes of a line that has passed the transforms: as they came in, if its text is as it was. */
export function toBytes(line: Line): string {
  return originalBytes(line) ?? encode(line.text);
}
