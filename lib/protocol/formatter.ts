import { type TimeMark, toISO } from './time.js';

/** A remark of the transcript about itself. Times are in milliseconds since 1970. */
export type Note =
  /** Messages are missing here. `bytes` counts them as on the wire. */
  | { readonly event: 'gap'; readonly bytes: number; readonly from: number; readonly to: number }
  /** The file ended in the middle of a line, with so many bytes of it. The line was ended before this note. */
  | { readonly event: 'truncated'; readonly bytes: number }
  /** The transcript continues here in a file that was not empty. */
  | { readonly event: 'resumed' }
  /** This relay writes nothing more. */
  | { readonly event: 'closed' };

/** Turns the bytes of the wire into a transcript. A formatter has state, so each transcript needs its own. */
export interface Formatter {
  /** The number of the next record, if the format numbers records. */
  seq: number;
  /** Bytes that were passed of a line without its end. */
  readonly openLineBytes: number;
  /** Whether the formatted output ends in the middle of a line. */
  readonly isMidLine: boolean;
  /**
   * Formats a block.
   *
   * @returns the output in pieces. For `wire` they are the given buffers; for other formats they are new ones.
   */
  format(bytes: readonly Buffer[], times: readonly TimeMark[]): Iterable<readonly Buffer[]>;
  /** Drops what is held of the line that is not complete. Returns the text that ends the line in the output. */
  abandonLine(): string;
  /**
   * Formats a note; as an empty string if the format cannot express it.
   *
   * @param date in milliseconds since 1970
   */
  formatNote(note: Note, date: number): string;
}

/** The notes of formats without records. They are unlike any line of a client, because those start with `client`. */
export function noticeOf(note: Note): string {
  if (note.event === 'gap') {
    const { bytes, from, to } = note;
    return `server: ${bytes} bytes are missing here, said from ${toISO(from)} to ${toISO(to)}\n`;
  }
  return note.event === 'truncated' ? 'server: the line before this one is cut off\n' : '';
}

/** Returns how many bytes of a line without its end there are after `bytes`, if there were `open` before. */
export function openLineAfter(open: number, bytes: readonly Buffer[]): number {
  let sum = 0;
  for (let i = bytes.length - 1; i >= 0; i--) {
    const chunk = bytes[i] as Buffer;
    const end = chunk.lastIndexOf(0x0a);
    if (end !== -1) return sum + chunk.length - end - 1;
    sum += chunk.length;
  }
  return open + sum;
}
