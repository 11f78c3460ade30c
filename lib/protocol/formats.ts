import { optionError } from '../util/errors.js';
import { lineMark } from '../util/line-mark.js';
import { type Formatter, noticeOf, openLineAfter } from './formatter.js';
import { jsonFormatter } from './json-format.js';
import { textFormatter } from './text-format.js';

/**
 * The format of a transcript. `wire`: the bytes as they go over the network. `text`: for people, each line with its time
 * and with control characters escaped. `json`: one object per line.
 */
export type Format = 'wire' | 'text' | 'json';

const FORMATS: readonly Format[] = ['wire', 'text', 'json'];

/** @throws {MiniServError} ERR_OPTION */
export function checkFormat(format: Format): void {
  if (!FORMATS.includes(format)) throw optionError('format', "'wire', 'text' or 'json'", format);
}

/** The appearance of a transcript. On a terminal, `wire` is a `view` and `text` a `timedView`: each line has a mark. */
export type View = Format | 'view' | 'timedView';

/** Returns what a format looks like at a destination. A line of JSON needs no mark: no text in it contains `{"`. */
export function viewOf(format: Format, isTerminal: boolean): View {
  if (!isTerminal || format === 'json') return format;
  return format === 'wire' ? 'view' : 'timedView';
}

export function createFormatter(view: View): Formatter {
  switch (view) {
    case 'wire':
      return wireFormatter();
    case 'json':
      return jsonFormatter();
    case 'text':
      return textFormatter(true);
    default:
      return textFormatter(view === 'timedView', lineMark());
  }
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
      open = openLineAfter(open, bytes);
      return [bytes];
    },
    abandonLine() {
      const end = open > 0 ? '\n' : '';
      open = 0;
      return end;
    },
    formatNote: noticeOf,
  };
}
