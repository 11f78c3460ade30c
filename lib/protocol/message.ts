import { describe } from '../util/errors.js';
import { isPlainObject } from '../util/plain-object.js';
import { tryCall } from '../util/try-call.js';

/**
 * A message as transforms see it: a client arrives, sends a line, or leaves. `text` is the line as Unicode text without
 * its newline; a `\r` at its end stays.
 */
export type Message =
  | { readonly kind: 'arrived'; readonly client: number }
  | { readonly kind: 'line'; readonly client: number; readonly text: string }
  | { readonly kind: 'left'; readonly client: number };

/**
 * Whether a value that a transform emitted is a message: a plain object with a known kind. It may lack the client, which
 * the relay sets, and it may have more properties.
 */
export function isMessage(value: unknown): value is Message {
  return tryCall(() => isPlainObject(value) && hasFields(value)) === true;
}

function hasFields({ kind, client, text }: Record<string, unknown>): boolean {
  if (client !== undefined && !Number.isInteger(client)) return false;
  return kind === 'line' ? typeof text === 'string' : kind === 'arrived' || kind === 'left';
}

/** Describes a value that is not a message. */
export function describeOther(value: unknown): string {
  const looksLikeMessage = tryCall(() => hasFields(value as Record<string, unknown>));
  return looksLikeMessage ? `${describe(value)}, which is not a plain object` : describe(value);
}

/**
 * An event of the hub. The lines of one chunk travel as one object, because one object per line would cost more than
 * everything else together. `bytes` is a latin1 string: lines without prefix, with `\n` between them. `silent` means that
 * a transform dropped the notice, so other clients are not notified.
 */
export type ClientEvent =
  | { readonly kind: 'joined'; readonly client: number; readonly silent: boolean }
  | { readonly kind: 'lines'; readonly client: number; readonly bytes: string }
  | { readonly kind: 'left'; readonly client: number; readonly silent: boolean };

/**
 * The target length of a block. When each of many short lines gets its prefix, the block must stay far below the maximum
 * length of a string. A longer line is not copied into one string with its prefix, because writing both costs less.
 */
export const BLOCK_BYTES = 1024 * 1024;

/** Splits a block of lines into blocks of about {@link BLOCK_BYTES}. A line is never divided. */
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

/** Whether a text is ASCII. For long texts this takes a fraction of the time of a regular expression. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** Returns bytes as a latin1 string, one character for each byte. */
export function toLatin1(bytes: string | Buffer): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1');
}

/** Decodes UTF-8 bytes, given as a latin1 string. Invalid bytes become U+FFFD. */
export function decode(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Encodes a text as UTF-8 bytes, as a latin1 string. */
export function encode(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The key of the original bytes of a line that is not valid UTF-8. A symbol is copied by `{ ...message }`. */
const ORIGINAL = Symbol('original bytes');

interface Original {
  readonly text: string;
  readonly bytes: string;
}

/** Converts a block of lines into messages. */
export function toMessages(client: number, block: string): Message[] {
  const needsDecoding = !isAscii(block);
  return block.split('\n').map((bytes) => {
    const text = needsDecoding ? decode(bytes) : bytes;
    // Valid UTF-8 is restored from its text, so the bytes are kept only for other lines.
    if (!needsDecoding || !text.includes('\ufffd')) return { kind: 'line', client, text };
    return { kind: 'line', client, text, [ORIGINAL]: { text, bytes } satisfies Original } as Message;
  });
}

/** A line that transforms have emitted. */
export interface Line {
  readonly text: string;
  readonly [ORIGINAL]?: Original;
}

/** Returns the bytes that the client sent, if they were kept and the text was not changed. */
export function originalBytes({ text, [ORIGINAL]: original }: Line): string | undefined {
  return original?.text === text ? original.bytes : undefined;
}

/** Returns the bytes of a line as a latin1 string. An unchanged line has the bytes that the client sent. */
export function toBytes(line: Line): string {
  return originalBytes(line) ?? encode(line.text);
}
