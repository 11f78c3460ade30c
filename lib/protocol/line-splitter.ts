import type { Transform } from 'node:stream';
import split2 from 'split2';
import { BLOCK_BYTES, splitBlock } from './message.js';

/** Stands in the stream of blocks where a line longer than allowed began. Nothing follows it. */
export const LINE_TOO_LONG: unique symbol = Symbol('line too long');

/**
 * An unterminated line is held as strings up to so many of them, or so many bytes, and then moved out of the
 * engine's heap: that has a limit of its own, which some clients with half a line each would reach.
 */
const GROUP = 1024;
const GROUP_BYTES = 64 * 1024;
/** To copy a chunk of more bytes costs more than a block of its own for the line that was held before it. */
const LARGE = 16 * 1024;

/**
 * What split2 splits by. It answers with the complete lines as one block, and keeps the unterminated rest
 * itself: split2 would search its whole remainder anew at every chunk, which is quadratic in the length of a
 * line. Since the remainder that split2 sees is always empty, it has none to emit when its client leaves.
 */
class LineMatcher {
  readonly #maxLine: number;
  #blocks: Buffer[] = [];
  #pieces: string[] = [];
  #held = 0;
  #heldInBlocks = 0;
  #over = false;

  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  [Symbol.split](chunk: string): (string | symbol)[] {
    if (this.#over) return [''];
    const end = chunk.lastIndexOf('\n');
    if (end === -1) {
      this.#hold(chunk);
      return this.#held > this.#maxLine ? this.#overflow() : [''];
    }
    // Looked at before it is joined: what is held and what arrives may together be longer than a string can be.
    if (this.#held + chunk.indexOf('\n') > this.#maxLine) return this.#overflow();
    if (this.#held > BLOCK_BYTES || (this.#held > 0 && chunk.length > LARGE)) return this.#heldLine(chunk);
    const block = this.#release(chunk.slice(0, end));
    const long = block.length > this.#maxLine ? firstLongLine(block, this.#maxLine) : -1;
    if (long !== -1) return [...splitBlock(block.slice(0, long - 1)), ...this.#overflow()];
    if (end + 1 < chunk.length) this.#hold(copyOf(chunk.slice(end + 1)));
    return this.#held > this.#maxLine
      ? [...splitBlock(block), ...this.#overflow()]
      : [...splitBlock(block), ''];
  }

  /** A line that took many chunks goes alone, and so does one before a large chunk: to join them is to copy them. */
  #heldLine(chunk: string): (string | symbol)[] {
    const end = chunk.indexOf('\n');
    const line = this.#release(chunk.slice(0, end));
    const rest = chunk.slice(end + 1);
    return [line, ...this[Symbol.split](rest.includes('\n') ? rest : copyOf(rest))];
  }

  #hold(piece: string): void {
    this.#held += piece.length;
    this.#pieces.push(piece);
    if (this.#pieces.length < GROUP && this.#held - this.#heldInBlocks < GROUP_BYTES) return;
    this.#blocks.push(Buffer.from(this.#pieces.splice(0).join(''), 'latin1'));
    this.#heldInBlocks = this.#held;
  }

  /** What is held, and this behind it. */
  #release(last: string): string {
    if (this.#held === 0) return last;
    const text = [...this.#blocks.map((block) => block.toString('latin1')), ...this.#pieces, last].join('');
    this.#forget();
    return text;
  }

  #forget(): void {
    this.#blocks = [];
    this.#pieces = [];
    this.#held = 0;
    this.#heldInBlocks = 0;
  }

  #overflow(): (string | symbol)[] {
    this.#forget();
    this.#over = true;
    return [LINE_TOO_LONG, ''];
  }
}

/** A slice would keep the whole chunk alive that it was cut from. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1');
}

/** Where the first line longer than `maxLine` begins in a block, or -1. */
function firstLongLine(block: string, maxLine: number): number {
  for (let start = 0; ; ) {
    const end = block.indexOf('\n', start);
    if ((end === -1 ? block.length : end) - start > maxLine) return start;
    if (end === -1) return -1;
    start = end + 1;
  }
}

/**
 * The line-splitting Transform: latin1 strings in, blocks of complete lines out (`\n` between them, none at the
 * end). Text that is never terminated is dropped.
 *
 * @param maxLine the longest line allowed, in bytes without its newline; past it, {@link LINE_TOO_LONG} is
 * emitted after the complete lines before it, and everything after it is discarded.
 * @param chunk how much is read from a socket at a time, in bytes: a single chunk is not yet backpressure
 */
export function splitLines(maxLine: number, chunk: number): Transform {
  const matcher = new LineMatcher(maxLine) as unknown as RegExp;
  const options = {
    decodeStrings: false,
    writableHighWaterMark: chunk + 1,
    readableHighWaterMark: 1,
  };
  return split2(matcher, options);
}
