import { type Filter, NO_FILTER } from './filter.js';
import { LineReader } from './lines.js';
import { Pending } from './pending.js';

/** The number of entries that wait at most: earlier lines of the same chunk would be left out at once. */
const MAX_LINES_OF_CHUNK = 2000;

/** The transcript as it arrives: counts every line, and keeps those that can be shown. */
export class Incoming {
  readonly pending = new Pending();
  filter: Filter = NO_FILTER;
  readonly #reader = new LineReader();
  /** Messages in the log since the feed began. */
  #position = 0;
  #total = 0;

  /** Lines that the room has sent while this page was connected. */
  get total(): number {
    return this.#total;
  }

  receive(chunk: Uint8Array): void {
    const lines = this.#reader.read(chunk);
    this.#total += lines.count;
    this.#position += lines.count;
    if (this.filter.isActive) {
      for (const [i, text] of lines.texts().entries()) {
        if (this.filter.matches(text)) this.pending.push(lines.at(i));
        else this.pending.addUnmatched(1);
      }
      return;
    }
    const first = Math.max(0, lines.count - MAX_LINES_OF_CHUNK);
    this.pending.leaveOut(first);
    for (let i = first; i < lines.count; i++) this.pending.push(lines.at(i));
  }

  /**
   * The relay has left out a part of the log, because the page did not read fast enough.
   *
   * @param messages the messages in the log since the feed began, up to the place where it continues
   */
  skipTo(messages: number): void {
    const skipped = Math.max(0, messages - this.#position);
    this.#reader.reset();
    this.#position = messages;
    this.#total += skipped;
    this.pending.leaveOut(skipped);
  }

  /** A new connection to the relay: the incomplete line of the last one will not be completed. */
  restart(): void {
    this.#reader.reset();
    this.#position = 0;
  }
}
