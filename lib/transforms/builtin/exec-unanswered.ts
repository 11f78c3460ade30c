import type { Message } from '../../protocol/message.js';

/** A line without an answer for this long counts as dropped by the program, in milliseconds. */
const MAX_AGE_MS = 10_000;
/** As much as a program and its pipe hold in the worst case. More lines without an answer were dropped. */
const MAX_CHARACTERS = 1024 * 1024;
/** How many lines that it drops in a row a program may have. */
const LOOK_AHEAD_LINES = 100;

interface Entry {
  readonly message: Message & { kind: 'line' };
  readonly givenAt: number;
}

/**
 * The lines that a program was given and has not answered, as far as this can be known. An output line answers the line
 * with the same text, if that is one of the next, and otherwise the oldest one.
 */
export class UnansweredLines {
  #entries: Entry[] = [];
  #start = 0;
  #characters = 0;

  add(message: Message & { kind: 'line' }): void {
    this.#entries.push({ message, givenAt: performance.now() });
    this.#characters += message.text.length;
    while (this.#characters > MAX_CHARACTERS && this.#entries.length - this.#start > 1) this.#remove(1);
  }

  answer(text: string): void {
    this.#expire();
    const end = Math.min(this.#entries.length, this.#start + LOOK_AHEAD_LINES);
    for (let i = this.#start; i < end; i++) {
      if (this.#entries[i]?.message.text === text) {
        this.#remove(i - this.#start + 1);
        return;
      }
    }
    if (this.#start < this.#entries.length) this.#remove(1);
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
    const oldest = performance.now() - MAX_AGE_MS;
    while ((this.#entries[this.#start]?.givenAt ?? oldest) < oldest) this.#remove(1);
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
