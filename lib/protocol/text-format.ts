import { isUtf8 } from 'node:buffer';
import { escapeBytes, escapeText } from '../util/escape-text.js';
import type { LineMark } from '../util/line-mark.js';
import { type Formatter, noticeOf, openLineAfter } from './formatter.js';
import { toISO } from './time.js';

const EMPTY = Buffer.alloc(0);

/**
 * @param isTimed whether each line starts with its time
 * @param mark starts each line, before its time
 */
export function textFormatter(isTimed: boolean, mark?: LineMark): Formatter {
  let open = 0;
  /** The start of a character that continues in the next block. */
  let rest: Buffer = EMPTY;
  const toText = (bytes: Buffer): string => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const length = all.length - incompleteCharacterBytes(all);
    rest = length === all.length ? EMPTY : Buffer.from(all.subarray(length));
    const complete = all.subarray(0, length);
    return isUtf8(complete)
      ? escapeText(complete.toString('utf8'))
      : escapeBytes(complete.toString('latin1'));
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
        const stamp = isTimed ? `${toISO(time)} ` : '';
        // A newline at the end gets no stamp: the next line has the time of the next part.
        const end = part.at(-1) === 0x0a ? '\n' : '';
        const shown = toText(part);
        const lines = end === '' ? shown : shown.slice(0, -1);
        const stamped = `${open === 0 ? stamp : ''}${isTimed ? lines.replaceAll('\n', `\n${stamp}`) : lines}${end}`;
        text += mark === undefined ? stamped : mark.apply(stamped, open === 0);
        open = openLineAfter(open, [part]);
      }
      if (text !== '') yield [Buffer.from(text)];
    },
    abandonLine() {
      const end = open > 0 ? `${escapeBytes(rest.toString('latin1'))}\n` : '';
      rest = EMPTY;
      open = 0;
      return end;
    },
    formatNote: (note, date) => {
      const notice = noticeOf(note);
      return notice === '' ? '' : `${mark?.text ?? ''}${isTimed ? `${toISO(date)} ` : ''}${notice}`;
    },
  };
}

/** Returns how many bytes at the end may be the start of a UTF-8 character. */
function incompleteCharacterBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    // RFC 3629, section 3: the first byte of a character determines its length.
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}
