import { BLOCK_BYTES, encode, type Line, originalBytes } from './message.js';

/**
 * Collects lines that transforms have emitted. Texts are read at once, because a transform may reuse one object for all
 * its messages, and encoded together.
 */
export class LineBatch {
  /** The length of the texts, with one newline for each. */
  size = 0;
  #texts: string[] = [];
  /** Encoded lines that precede the texts. */
  #blocks: string[] = [];

  /** @throws RangeError if the bytes of a text exceed the maximum length of a string */
  add(line: Line): void {
    const { text } = line;
    const bytes = originalBytes(line) ?? (text.length > BLOCK_BYTES ? encode(text) : undefined);
    if (bytes === undefined) {
      this.#texts.push(text);
    } else {
      this.#encodeTexts();
      this.#blocks.push(bytes);
    }
    this.size += text.length + 1;
  }

  /** Returns all lines as one block of bytes and clears the batch, which must not be empty. */
  take(): string {
    this.#encodeTexts();
    const block = this.#blocks.join('\n');
    this.#blocks = [];
    this.size = 0;
    return block;
  }

  #encodeTexts(): void {
    if (this.#texts.length === 0) return;
    this.#blocks.push(encode(this.#texts.join('\n')));
    this.#texts = [];
  }
}
