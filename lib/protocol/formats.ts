import { optionError } from '../util/errors.js';
import { type Formatter, noticeOf, openLineAfter } from './formatter.js';
import { jsonFormatter } from './json-format.js';
import { textFormatter } from './text-format.js';

/**
 * The format of a transcript. `wire`: the bytes as they go over the network. `text`: for people, each line with its time
 * and with control characters escaped. `json`: one object per line.
 */
export type Format = 'wire' | 'text' | 'json';

export const FORMATS: readonly Format[] = ['wire', 'text', 'json'];

/** @throws {MiniServError} ERR_OPTION */
export function checkFormat(format: Format): void {
  if (!FORMATS.includes(format)) throw optionError('format', "'wire', 'text' or 'json'", format);
}

/** @param format `view` is `text` without times, for a terminal */
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
