import { BLOCK_BYTES, encode, type Line, originalBytes } from './message.js';

/**
 * Lines that have come out of the transforms and are said together. Their text is encoded once for many of them; it is
 * taken down at once, since a transform may use one object for all its messages.
 */
export class LineBatch {
  /** Characters so far. */
  size = 0;
  #texts: string[] = [];
  /** As bytes: what came before the texts. */
  #blocks: string[] = [];

  /** @throws RangeError if a text is longer than a string of its bytes can be */
  add(line: Line): void {
    const { text } = line;
    const bytes = originalBytes(line) ?? (text.length > BLOCK_BYTES ? encode(text) : undefined);
    if (bytes === undefined) {
      this.#texts.push(text);
    } else {
      this.#encode();
      this.#blocks.push(bytes);
    }
    this.size += text.length + 1;
  }

  /** All of them as a block of bytes; they are forgotten. There must be one. */
  take(): string {
    this.#encode();
    const block = this.#blocks.join('\n');
    this.#blocks = [];
    this.size = 0;
    return block;
  }

  #encode(): void {
    if (this.#texts.length === 0) return;
    this.#blocks.push(encode(this.#texts.join('\n')));
    this.#texts = [];
  }
}
