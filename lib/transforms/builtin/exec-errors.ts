import { escapeBytes } from '../../util/escape-text.js';

const MAX_LINES_PER_SECOND = 20;
const MAX_LINE_BYTES = 500;

/** Limits how many lines of standard error are reported, over all programs of a transform. */
export class ErrorLineLimit {
  #intervalStart = Number.NEGATIVE_INFINITY;
  #count = 0;
  #droppedCount = 0;

  /** @returns what to report: the line, after the number of lines that were dropped before it; or nothing */
  report(line: string): string[] {
    const now = performance.now();
    if (now - this.#intervalStart >= 1000) {
      this.#intervalStart = now;
      this.#count = 0;
    }
    if (++this.#count > MAX_LINES_PER_SECOND) {
      this.#droppedCount++;
      return [];
    }
    const dropped = this.takeDropped();
    return [...dropped, line];
  }

  takeDropped(): string[] {
    const count = this.#droppedCount;
    this.#droppedCount = 0;
    return count === 0 ? [] : [`${count} more lines on standard error are not shown`];
  }
}

/** Divides what a program writes to standard error into lines that are safe to print. */
export class ErrorLines {
  readonly #limit: ErrorLineLimit;
  readonly #report: (text: string) => void;
  #line = '';

  constructor(limit: ErrorLineLimit, report: (text: string) => void) {
    this.#limit = limit;
    this.#report = report;
  }

  /** @param chunk bytes as a latin1 string */
  add(chunk: string): void {
    const parts = chunk.split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      this.#add(part);
      this.#finishLine();
    }
    this.#add(rest);
  }

  end(): void {
    if (this.#line !== '') this.#finishLine();
    for (const text of this.#limit.takeDropped()) this.#report(text);
  }

  #add(part: string): void {
    // One byte more than is shown, to see that the line is longer.
    if (this.#line.length <= MAX_LINE_BYTES) this.#line += part.slice(0, MAX_LINE_BYTES + 1);
  }

  #finishLine(): void {
    const line = this.#line;
    this.#line = '';
    const shown =
      line.length > MAX_LINE_BYTES ? `${escapeBytes(line.slice(0, MAX_LINE_BYTES))}…` : escapeBytes(line);
    for (const text of this.#limit.report(shown)) this.#report(text);
  }
}
