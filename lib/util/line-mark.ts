import { escapeCharacter } from './escape-character.js';

/** Starts each line on a terminal, so that a row without it can only continue the line above. */
export interface LineMark {
  /** The mark and a space. */
  readonly text: string;
  /**
   * Puts the mark before each line of a text, and escapes the mark and what looks like it in the text.
   *
   * @param isLineStart whether the text starts a line. A line that starts with its last newline gets no mark yet
   */
  apply(text: string, isLineStart: boolean): string;
}

/** Block elements, and other symbols that fill a part of a cell or are thick upright bars. */
const BLOCKS =
  /[\u2503\u2507\u250b\u2551\u2579\u257b\u257d\u257f-\u25a0\u25aa\u25ae\u25fc\u25fe\u2759\u275a\u23fd\u2b1b\uffed\u{1cc00}-\u{1cebf}\u{1fb00}-\u{1fbff}]/gu;
/** The vertical bar of ASCII, and other upright bars. */
const BARS =
  /[|\xa6\u01c0\u05c0\u0964\u2016\u2223\u23a2\u23a5\u23aa\u23b8\u23b9\u23d0\u23fd\u2500-\u259f\u2758-\u275a\u2d4f\uff5c\uffe8\u{1fb70}-\u{1fb75}]/gu;

const BLOCK_MARK = createMark('\u258c ', BLOCKS);
const ASCII_MARK = createMark('| ', BARS);

/**
 * Returns the mark for terminals of this locale: `▌ ` where it is UTF-8, otherwise `| `. Containers often set no locale,
 * and the terminals that show them use UTF-8.
 */
export function lineMark(env: NodeJS.ProcessEnv = process.env): LineMark {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || 'UTF-8';
  return /utf-?8/i.test(locale) ? BLOCK_MARK : ASCII_MARK;
}

function createMark(text: string, lookAlikes: RegExp): LineMark {
  const next = `\n${text}`;
  return {
    text,
    apply(lines, isLineStart) {
      const body = lines.endsWith('\n') ? lines.slice(0, -1) : lines;
      const marked = body.replace(lookAlikes, escapeCharacter).replaceAll('\n', next);
      return `${isLineStart ? text : ''}${marked}${lines.slice(body.length)}`;
    },
  };
}
