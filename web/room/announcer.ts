import { formatNewLines } from '../numbers/format.js';

/** So many lines are read out; of more, only the number. */
export const MAX_READ_OUT = 3;

/** Collects new lines for a screen reader, so that it is given one text for many of them. */
export class Announcer {
  #lines = 0;
  #texts: string[] = [];

  /** @param texts the texts of the lines, if they are at most {@link MAX_READ_OUT} */
  add(lines: number, texts: readonly string[]): void {
    this.#lines += lines;
    if (this.#lines <= MAX_READ_OUT) this.#texts.push(...texts);
  }

  /** Returns the text to announce, and starts again; empty if there is nothing new. */
  take(): string {
    const text = this.#lines > MAX_READ_OUT ? formatNewLines(this.#lines) : this.#texts.join('\n');
    this.#lines = 0;
    this.#texts = [];
    return text;
  }
}
