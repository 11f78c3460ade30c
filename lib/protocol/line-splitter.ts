import type { Transform } from 'node:stream';
import split2 from 'split2';
import { BLOCK_BYTES, splitBlock } from './message.js';

/** Emitted in place of a line that is longer than allowed. Nothing follows it. */
export const LINE_TOO_LONG: unique symbol = Symbol('line too long');

/** Sockets and pipes read at most this many bytes at once. One such chunk causes no backpressure. */
const READ_CHUNK_BYTES = 64 * 1024;
// An incomplete line is held as strings up to these limits, and then moved into Buffers. Strings would fill the
// engine's heap, which has a limit of its own.
const MAX_HELD_STRINGS = 1024;
const MAX_HELD_STRING_BYTES = 64 * 1024;
/** Copying a larger chunk costs more than emitting a separate block for the line that was held before it. */
const MAX_JOINED_CHUNK_BYTES = 16 * 1024;

/**
 * The matcher for split2. It returns the complete lines of a chunk as one block, and holds the incomplete line itself.
 * If split2 held it, it would search the whole line again at every chunk, which takes time quadratic in its length. The
 * remainder that split2 sees is always empty, so it emits none when the client leaves.
 */
class LineMatcher {
  readonly #maxLineBytes: number;
  #buffers: Buffer[] = [];
  #strings: string[] = [];
  #heldBytes = 0;
  #bufferedBytes = 0;
  #isTooLong = false;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  [Symbol.split](chunk: string): (string | symbol)[] {
    if (this.#isTooLong) return [''];
    const end = chunk.lastIndexOf('\n');
    if (end === -1) {
      this.#hold(chunk);
      return this.#heldBytes > this.#maxLineBytes ? this.#reject() : [''];
    }
    // Checked before joining, because the held bytes and the chunk may exceed the maximum length of a string.
    if (this.#heldBytes + chunk.indexOf('\n') > this.#maxLineBytes) return this.#reject();
    const isHeldLineLong = this.#heldBytes > BLOCK_BYTES;
    if (isHeldLineLong || (this.#heldBytes > 0 && chunk.length > MAX_JOINED_CHUNK_BYTES)) {
      return this.#splitAfterHeldLine(chunk);
    }
    const block = this.#release(chunk.slice(0, end));
    const tooLong = block.length > this.#maxLineBytes ? findLongLine(block, this.#maxLineBytes) : -1;
    if (tooLong !== -1) return [...splitBlock(block.slice(0, tooLong - 1)), ...this.#reject()];
    if (end + 1 < chunk.length) this.#hold(copyOf(chunk.slice(end + 1)));
    const isRestTooLong = this.#heldBytes > this.#maxLineBytes;
    return isRestTooLong ? [...splitBlock(block), ...this.#reject()] : [...splitBlock(block), ''];
  }

  /** Emits the held line as a block of its own, which saves a copy of a long line or of a large chunk. */
  #splitAfterHeldLine(chunk: string): (string | symbol)[] {
    const end = chunk.indexOf('\n');
    const line = this.#release(chunk.slice(0, end));
    const rest = chunk.slice(end + 1);
    return [line, ...this[Symbol.split](rest.includes('\n') ? rest : copyOf(rest))];
  }

  #hold(part: string): void {
    this.#heldBytes += part.length;
    this.#strings.push(part);
    const heldStringBytes = this.#heldBytes - this.#bufferedBytes;
    if (this.#strings.length < MAX_HELD_STRINGS && heldStringBytes < MAX_HELD_STRING_BYTES) return;
    this.#buffers.push(Buffer.from(this.#strings.splice(0).join(''), 'latin1'));
    this.#bufferedBytes = this.#heldBytes;
  }

  /** Returns the held bytes, followed by `last`. */
  #release(last: string): string {
    if (this.#heldBytes === 0) return last;
    const buffered = this.#buffers.map((buffer) => buffer.toString('latin1'));
    const text = [...buffered, ...this.#strings, last].join('');
    this.#clear();
    return text;
  }

  #clear(): void {
    this.#buffers = [];
    this.#strings = [];
    this.#heldBytes = 0;
    this.#bufferedBytes = 0;
  }

  #reject(): (string | symbol)[] {
    this.#clear();
    this.#isTooLong = true;
    return [LINE_TOO_LONG, ''];
  }
}

/** Copies a slice, which would otherwise keep the whole chunk in memory. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1');
}

/** Returns the start of the first line of a block that is longer than `maxLineBytes`, or -1. */
function findLongLine(block: string, maxLineBytes: number): number {
  for (let start = 0; ; ) {
    const end = block.indexOf('\n', start);
    if ((end === -1 ? block.length : end) - start > maxLineBytes) return start;
    if (end === -1) return -1;
    start = end + 1;
  }
}

/**
 * Creates a Transform from latin1 strings to blocks of complete lines, with `\n` between the lines and none at the end.
 * A line without its newline is dropped at the end of the input.
 *
 * @param maxLineBytes the maximum length of a line, without its newline. For a longer line {@link LINE_TOO_LONG} is
 * emitted, after the lines before it, and the rest of the input is discarded.
 */
export function splitLines(maxLineBytes: number): Transform {
  const matcher = new LineMatcher(maxLineBytes) as unknown as RegExp;
  const options = {
    decodeStrings: false,
    writableHighWaterMark: READ_CHUNK_BYTES + 1,
    readableHighWaterMark: 1,
  };
  return split2(matcher, options);
}
