import { escapeText } from '../../lib/util/escape-text.js';

/** The draft as the cells of a terminal show it. */
export interface Layout {
  readonly rows: readonly Row[];
  /** The row of the cursor. */
  readonly cursorRow: number;
}

export interface Row {
  readonly characters: readonly Character[];
  /** Whether every terminal agrees on the width of all characters of the row. */
  readonly isCertain: boolean;
}

export interface Character {
  readonly text: string;
  /** Whether the cursor is on it. */
  readonly isCursor: boolean;
}

/** Marks that are drawn over the character before them. */
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]$/u;
/** East_Asian_Width W and F, as far as it is assigned, and what has an emoji presentation by default. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;
/** ASCII, and the letters and syllables of Chinese, Japanese and Korean. */
const CERTAIN = /^[ -~\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]$/;

/** Returns how many cells a terminal gives to a character. */
export function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/**
 * Divides a draft into the rows of a terminal, as the terminal would wrap it. Control characters and invisible characters
 * are shown as escapes.
 *
 * @param cursor where the cursor starts, in UTF-16 code units
 * @param cursorEnd the end of the character at the cursor
 */
export function layOut(
  prompt: string,
  { text, cursor, cursorEnd }: { text: string; cursor: number; cursorEnd: number },
  columns: number,
): Layout {
  const before = [...prompt, ...show(text.slice(0, cursor))];
  const at = [...show(text.slice(cursor, cursorEnd) || ' ')];
  const after = show(text.slice(cursorEnd));
  let characters: Character[] = [];
  let isCertain = true;
  let width = 0;
  let cursorRow = 0;
  const rows: Row[] = [];
  const endRow = (): void => {
    rows.push({ characters, isCertain });
    characters = [];
    isCertain = true;
    width = 0;
  };
  const add = (character: string, isCursor: boolean): void => {
    const cells = Math.min(widthOf(character), columns);
    if (width + cells > columns) endRow();
    width += cells;
    isCertain &&= CERTAIN.test(character);
    characters.push({ text: character, isCursor });
  };
  for (const character of before) add(character, false);
  for (const [i, character] of at.entries()) {
    add(character, true);
    if (i === 0) cursorRow = rows.length;
  }
  for (const character of after) add(character, false);
  endRow();
  return { rows, cursorRow };
}

function show(text: string): string {
  return escapeText(text).replaceAll('\t', '\\t');
}
