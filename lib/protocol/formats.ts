import { isUtf8 } from 'node:buffer';
import { escapeBytes, escapeText } from '../util/escape.js';
import { jsonFormatter } from './json-format.js';
import type { TimeMark } from './time.js';
import { toISO } from './time.js';

/**
 * How a transcript is written. `wire`: as it goes over the network. `text`: for people, each line with its time
 * and with control characters made visible. `json`: an object a line.
 */
export type Format = 'wire' | 'text' | 'json';

export const FORMATS: readonly Format[] = ['wire', 'text', 'json'];

/** What a transcript says on its own account. Times are in milliseconds since 1970. */
export type Note =
  /** So many bytes of what was said, as on the wire, are not here. */
  | { readonly event: 'gap'; readonly bytes: number; readonly from: number; readonly to: number }
  /** The file ended with so many bytes of a line that was cut off; they stand before this. */
  | { readonly event: 'truncated'; readonly bytes: number }
  /** A file that had something in it already goes on here. */
  | { readonly event: 'resumed' }
  /** Nothing more will be written by this relay. */
  | { readonly event: 'closed' };

/** Turns the bytes of the wire into a transcript. Has a state: one for each transcript. */
export interface Formatter {
  /** The number of the next record, where records are numbered. */
  seq: number;
  /** How many bytes it has been given of a line whose end is yet to come. */
  readonly openLineBytes: number;
  /** Whether what it has given ends amid a line. */
  readonly isMidLine: boolean;
  /** A block, a piece after the other. What `wire` gives are the given buffers; all else is its own. */
  format(bytes: readonly Buffer[], times: readonly TimeMark[]): Iterable<readonly Buffer[]>;
  /** Gives up the line whose end is yet to come: how it is ended, and how many bytes were held back of it. */
  abandonLine(): { readonly end: string; readonly held: number };
  /** Empty where the format has no such thing. */
  note(note: Note, date: number): string;
}

export function createFormatter(format: Format | 'view'): Formatter {
  if (format === 'wire') return wireFormatter();
  return format === 'json' ? jsonFormatter() : textFormatter(format === 'text');
}

function wireFormatter(): Formatter {
  let open = 0;
  return {
    seq: 0,
    get openLineBytes() {
      return open;
    },
    get isMidLine() {
      return open > 0;
    },
    format(bytes) {
      open = openAfter(open, bytes);
      return [bytes];
    },
    abandonLine() {
      const end = open > 0 ? '\n' : '';
      open = 0;
      return { end, held: 0 };
    },
    note: noteLine,
  };
}

/** Text with control characters made visible, and with its time or without. */
function textFormatter(timed: boolean): Formatter {
  let open = 0;
  /** The beginning of a character that the last bytes cut. */
  let rest: Buffer = EMPTY;
  const toText = (bytes: Buffer): string => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const length = all.length - unfinished(all);
    rest = length === all.length ? EMPTY : Buffer.from(all.subarray(length));
    const whole = all.subarray(0, length);
    return isUtf8(whole) ? escapeText(whole.toString('utf8')) : escapeBytes(whole.toString('latin1'));
  };
  return {
    seq: 0,
    get openLineBytes() {
      return open;
    },
    get isMidLine() {
      return open > 0;
    },
    *format(bytes, times) {
      const block = bytes.length === 1 ? (bytes[0] as Buffer) : Buffer.concat(bytes);
      let text = '';
      for (const [i, { at, time }] of times.entries()) {
        const part = block.subarray(at, times[i + 1]?.at);
        const stamp = timed ? `${toISO(time)} ` : '';
        // The stamp of the line after the last one is that of what comes next.
        const end = part.at(-1) === 0x0a ? '\n' : '';
        const shown = toText(part);
        const lines = end === '' ? shown : shown.slice(0, -1);
        text += `${open === 0 ? stamp : ''}${timed ? lines.replaceAll('\n', `\n${stamp}`) : lines}${end}`;
        open = openAfter(open, [part]);
      }
      if (text !== '') yield [Buffer.from(text)];
    },
    abandonLine() {
      const end = open > 0 ? `${escapeBytes(rest.toString('latin1'))}\n` : '';
      rest = EMPTY;
      open = 0;
      return { end, held: 0 };
    },
    note: (note, date) => {
      const line = noteLine(note);
      return timed && line !== '' ? `${toISO(date)} ${line}` : line;
    },
  };
}

const EMPTY = Buffer.alloc(0);

/** How many bytes at the end are the beginning of a character, as far as one can tell. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    // RFC 3629, section 3: what is no continuation says how long its character is.
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** What no client can say: every line of theirs begins with `client`. */
function noteLine(note: Note): string {
  if (note.event === 'gap') {
    const { bytes, from, to } = note;
    return `server: ${bytes} bytes are missing here, said from ${toISO(from)} to ${toISO(to)}\n`;
  }
  return note.event === 'truncated' ? 'server: the line before this one is cut off\n' : '';
}

/** How much there is of a line whose end is yet to come, after these bytes. */
function openAfter(open: number, bytes: readonly Buffer[]): number {
  let sum = 0;
  for (let i = bytes.length - 1; i >= 0; i--) {
    const chunk = bytes[i] as Buffer;
    const end = chunk.lastIndexOf(0x0a);
    if (end !== -1) return sum + chunk.length - end - 1;
    sum += chunk.length;
  }
  return open + sum;
}
