/** Number of waiting lines that an output line is compared with. If more are dropped in a row, the result is wrong. */
const LOOK_AHEAD_LINES = 100;
/** Lines that may wait for an answer. The oldest one then counts as dropped. */
const MAX_WAITING_LINES = 10_000;

interface Line {
  readonly number: number;
  readonly text: string;
}

export interface LineMatcherOptions {
  readonly onDropped: (line: Line) => void;
  readonly onChanged: (line: Line) => void;
}

/**
 * Finds out which lines were dropped and which were changed. A line that comes out answers the line with the same text, if
 * that is one of the next, and otherwise the oldest line that has no answer.
 */
export class LineMatcher {
  readonly #options: LineMatcherOptions;
  #waiting: Line[] = [];

  constructor(options: LineMatcherOptions) {
    this.#options = options;
  }

  add(line: Line): void {
    this.#waiting.push(line);
    if (this.#waiting.length > MAX_WAITING_LINES) this.#drop(1);
  }

  /** @param text a line that came out */
  answer(text: string): void {
    const found = this.#waiting.slice(0, LOOK_AHEAD_LINES).findIndex((line) => line.text === text);
    if (found > 0) this.#drop(found);
    const line = this.#waiting.shift();
    if (line !== undefined && found === -1) this.#options.onChanged(line);
  }

  /** The lines that still wait were dropped. */
  settle(): void {
    this.#drop(this.#waiting.length);
  }

  #drop(count: number): void {
    for (const line of this.#waiting.splice(0, count)) this.#options.onDropped(line);
  }
}
