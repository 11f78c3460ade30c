import { findSameText } from '../../lib/transforms/builtin/exec-unanswered.js';

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
 * Finds out which lines were dropped and which were changed, by the same rule as `exec` with `bypass`; see
 * {@link findSameText}.
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
    const found = findSameText(text, (i) => this.#waiting[i]?.text);
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
