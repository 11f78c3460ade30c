import type { Formatter, Note } from '../protocol/formatter.js';

/** Messages that are left out, up to a position in the log. Times are in milliseconds since 1970. */
export interface Gap {
  readonly end: number;
  /** When the first and the last of them were sent. */
  readonly from: number;
  readonly to: number;
}

/** Text that a transcript has to write before the next message: the end of an unfinished line, notes, a gap. */
export class NoteQueue {
  #lineEnd = '';
  #notes: readonly Note[] = [];
  #gap: Gap | null = null;

  get gap(): Gap | null {
    return this.#gap;
  }

  /** Replaces the queue by the notes of a new target. A gap that is not recorded yet stays, and is recorded there. */
  use(target: { readonly midLine?: boolean; readonly notes?: readonly Note[] }): void {
    this.#lineEnd = target.midLine === true ? '\n' : '';
    this.#notes = target.notes ?? [];
  }

  /** Ends a line that will not be finished. */
  endLine(end: string): void {
    this.#lineEnd ||= end;
  }

  /** Adds to the gap, or begins one. */
  addGap(gap: Gap): void {
    this.#gap = { ...gap, from: this.#gap?.from ?? gap.from };
  }

  /**
   * @param position position in the log up to which everything is written or recorded
   * @param now in milliseconds since 1970
   */
  format(formatter: Formatter, position: number, now: number): string {
    const notes = this.#notes.map((note) => formatter.formatNote(note, now));
    if (this.#gap !== null) {
      const { end, from, to } = this.#gap;
      notes.push(formatter.formatNote({ event: 'gap', bytes: end - position, from, to }, now));
    }
    return this.#lineEnd + notes.join('');
  }

  get lineEnd(): string {
    return this.#lineEnd;
  }

  /** Empties the queue when everything in it is written. */
  clear(): void {
    this.#lineEnd = '';
    this.#notes = [];
    this.#gap = null;
  }
}
