import type { Message } from '../../protocol/message.js';

/** A line without an answer for this long counts as dropped by the program, in milliseconds. */
const MAX_AGE_MS = 10_000;
/** More than a block of lines and the pipe of the program hold. Older lines without an answer were dropped. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** Number of waiting lines that an output line is compared with. A program that drops more in a row is misjudged. */
const LOOK_AHEAD_LINES = 100;

/**
 * Finds the waiting line that an output line answers, if it has the same text and is one of the next. Otherwise the output
 * line answers the oldest one.
 *
 * @param textAt returns the text of a waiting line, the oldest first, or undefined after the last
 * @returns the position of the line, or -1
 */
export function findSameText(text: string, textAt: (position: number) => string | undefined): number {
  for (let i = 0; i < LOOK_AHEAD_LINES; i++) {
    const waiting = textAt(i);
    if (waiting === text) return i;
    if (waiting === undefined) return -1;
  }
  return -1;
}

interface Entry {
  readonly message: Message & { kind: 'line' };
  /** Infinity until the program's pipe has taken the line. */
  takenAt: number;
}

/**
 * The lines that a program was given and has not answered, as far as this can be known; see {@link findSameText}.
 */
export class UnansweredLines {
  readonly #now: () => number;
  #entries: Entry[] = [];
  #start = 0;
  /** Lines at the end that the pipe has not taken. */
  #untakenCount = 0;
  #characters = 0;

  /** @param now returns the time in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(message: Message & { kind: 'line' }): void {
    this.#entries.push({ message, takenAt: Number.POSITIVE_INFINITY });
    this.#untakenCount++;
    this.#characters += message.text.length;
    while (this.#characters > MAX_CHARACTERS && this.#entries.length - this.#start > 1) this.#remove(1);
  }

  /** The pipe has taken all lines. */
  setTaken(): void {
    const takenAt = this.#now();
    const first = Math.max(this.#start, this.#entries.length - this.#untakenCount);
    for (let i = first; i < this.#entries.length; i++) (this.#entries[i] as Entry).takenAt = takenAt;
    this.#untakenCount = 0;
  }

  answer(text: string): void {
    this.#expire();
    const found = findSameText(text, (i) => this.#entries[this.#start + i]?.message.text);
    if (found !== -1) this.#remove(found + 1);
    else if (this.#start < this.#entries.length) this.#remove(1);
  }

  /** Returns the lines, oldest first, and forgets them. */
  take(): Message[] {
    this.#expire();
    return this.#entries
      .splice(0)
      .slice(this.#start)
      .map(({ message }) => message);
  }

  #expire(): void {
    const oldest = this.#now() - MAX_AGE_MS;
    while ((this.#entries[this.#start]?.takenAt ?? oldest) < oldest) this.#remove(1);
  }

  #remove(count: number): void {
    for (let i = 0; i < count; i++)
      this.#characters -= this.#entries[this.#start + i]?.message.text.length ?? 0;
    this.#start += count;
    if (this.#start * 2 < this.#entries.length && this.#start < 1024) return;
    this.#entries.splice(0, this.#start);
    this.#start = 0;
  }
}
