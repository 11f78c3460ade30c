import type { Line } from './lines.js';

/** Lines between two that are shown. */
export interface Gap {
  /** Lines that arrived faster than the page shows them. */
  readonly leftOut: number;
  /** Lines that did not match the filter. */
  readonly unmatched: number;
}

/** Something that the transcript is to show: a line or a note of the page, and the gap before it. */
export interface Entry extends Gap {
  readonly content: Line | string;
}

const MAX_ENTRIES = 2000;
const MAX_BYTES = 2 * 1024 * 1024;
const EMPTY: Gap = { leftOut: 0, unmatched: 0 };

/**
 * The lines that were received and not yet shown, the newest of them in full. Where there are too many, the oldest are left
 * out and counted.
 */
export class Pending {
  #entries: Entry[] = [];
  #start = 0;
  #bytes = 0;
  #lines = 0;
  #leftOut = 0;
  /** Lines after the last entry. */
  #last: Gap = EMPTY;

  /** The number of entries that can be shown. */
  get size(): number {
    return this.#entries.length - this.#start;
  }

  /** The number of lines that are not shown yet, with those that were left out. */
  get lines(): number {
    return this.#lines;
  }

  /** All lines that were ever left out. */
  get leftOut(): number {
    return this.#leftOut;
  }

  push(content: Line | string): void {
    this.#entries.push({ content, ...this.#last });
    this.#last = EMPTY;
    this.#bytes += bytesOf(content);
    this.#lines += linesOf(content);
    while (this.size > MAX_ENTRIES || this.#bytes > MAX_BYTES) this.#dropOldest();
    if (this.#start > MAX_ENTRIES) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  leaveOut(lines: number): void {
    this.#lines += lines;
    this.#leftOut += lines;
    this.#last = { ...this.#last, leftOut: this.#last.leftOut + lines };
  }

  addUnmatched(lines: number): void {
    this.#last = { ...this.#last, unmatched: this.#last.unmatched + lines };
  }

  /** Takes the oldest entries. */
  take(max: number): Entry[] {
    const taken = this.#entries.slice(this.#start, this.#start + max);
    this.#start += taken.length;
    for (const entry of taken) {
      this.#bytes -= bytesOf(entry.content);
      this.#lines -= linesOf(entry.content) + entry.leftOut;
    }
    if (this.size === 0) {
      this.#entries = [];
      this.#start = 0;
    }
    return taken;
  }

  /** Takes the gap after the last entry. There must be no entry. */
  takeGap(): Gap {
    const gap = this.#last;
    this.#last = EMPTY;
    this.#lines -= gap.leftOut;
    return gap;
  }

  /** A note is dropped with the lines around it, but never counts as a line. */
  #dropOldest(): void {
    const oldest = this.#entries[this.#start++] as Entry;
    this.#bytes -= bytesOf(oldest.content);
    this.#leftOut += linesOf(oldest.content);
    const leftOut = oldest.leftOut + linesOf(oldest.content);
    const next = this.#entries[this.#start];
    const add = (gap: Gap) => ({
      leftOut: gap.leftOut + leftOut,
      unmatched: gap.unmatched + oldest.unmatched,
    });
    if (next === undefined) this.#last = add(this.#last);
    else this.#entries[this.#start] = { content: next.content, ...add(next) };
  }
}

function bytesOf(content: Line | string): number {
  return typeof content === 'string' ? content.length : content.bytes.length;
}

function linesOf(content: Line | string): number {
  return typeof content === 'string' ? 0 : 1;
}
