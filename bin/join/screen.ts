import { type Layout, layOut, type Row } from './layout.js';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const PASTE_ON = '\x1b[?2004h';
const PASTE_OFF = '\x1b[?2004l';
const WRAP_ON = '\x1b[?7h';
const WRAP_OFF = '\x1b[?7l';
const SAVE = '\x1b7';
const RESTORE = '\x1b8';
const REVERSE = '\x1b[7m';
const NOT_REVERSE = '\x1b[27m';

/**
 * Erases the row of the cursor and all rows below. Erasing from the first cell of the screen at once would make some
 * terminals keep the erased rows in their history.
 */
const ERASE = `\r${SAVE}\x1b[B\x1b[J${RESTORE}\x1b[2K`;

/** Sets up a terminal for {@link Screen.draw}. */
export const ENTER = HIDE_CURSOR + PASTE_ON;
/** Undoes it. */
export const LEAVE = PASTE_OFF + WRAP_ON + SHOW_CURSOR;

/**
 * Moves to the last row. A draft near the first row would lose its start in the history of a terminal that puts rows there
 * when it becomes narrower, even if the rows below are empty.
 */
export const TO_LAST_ROW = '\x1b[999B';

export interface Draft {
  readonly text: string;
  readonly cursor: number;
  /** The end of the character at the cursor. */
  readonly cursorEnd: number;
}

/**
 * Keeps a draft below the lines of a room.
 *
 * Between two calls the terminal's own cursor is hidden and stays at the start of the draft, and the draft's cursor is a
 * reversed cell. A terminal that is resized keeps its cursor at the same character. So the draft is found again at any
 * size, whether the terminal has wrapped its rows again or not, and before the program knows of the new size.
 */
export class Screen {
  readonly #prompt: string;
  #layout: Layout | undefined;
  #key = '';

  constructor(prompt: string) {
    this.#prompt = prompt;
  }

  /**
   * Returns what puts complete lines above the draft and draws the draft again.
   *
   * @param draft null: nothing is typed any more
   */
  draw(lines: string, draft: Draft | null, size: { columns: number; rows: number }): string {
    if (draft === null) return ERASE + lines;
    const rows = this.#visibleRows(draft, size);
    const below = rows.length - 1;
    // All rows are made before anything is drawn on them, so that the screen does not scroll while the position is saved.
    const space = below === 0 ? '' : `${'\n'.repeat(below)}\x1b[${below}A\r`;
    return `${ERASE}${lines}${space}${SAVE}${rows.map(paint).join('')}${RESTORE}${WRAP_ON}`;
  }

  /** Returns the rows around the cursor if not all of them fit, below a row that says so. */
  #visibleRows(draft: Draft, size: { columns: number; rows: number }): readonly Row[] {
    const { rows, cursorRow } = this.#layOut(draft, size.columns);
    const count = Math.max(1, size.rows - 1);
    if (rows.length <= count) return rows;
    if (count === 1) return rows.slice(cursorRow, cursorRow + 1);
    const first = Math.min(Math.max(0, cursorRow - count + 2), rows.length - count + 1);
    const shown = rows.slice(first, first + count - 1);
    const hint = `[rows ${first + 1} to ${first + shown.length} of ${rows.length}]`.slice(0, size.columns);
    return [{ characters: [...hint].map((text) => ({ text, isCursor: false })), isCertain: false }, ...shown];
  }

  /** A long draft is not divided again for each line that arrives. */
  #layOut(draft: Draft, columns: number): Layout {
    const key = `${columns} ${draft.cursor} ${draft.text}`;
    if (key !== this.#key || this.#layout === undefined) this.#layout = layOut(this.#prompt, draft, columns);
    this.#key = key;
    return this.#layout;
  }
}

/**
 * Draws a row. A terminal of another width than expected cuts off its end, so that it never takes more rows than expected.
 * Only from a row of certain width to the next, the terminal wraps by itself: then both stay one line when it copies or
 * resizes them.
 */
function paint({ characters, isCertain }: Row, index: number, rows: readonly Row[]): string {
  const isLast = index === rows.length - 1;
  const wrapsAt = isCertain && !isLast ? characters.length - 1 : undefined;
  const cells = characters.map(({ text, isCursor }, i) => {
    const shown = isCursor ? REVERSE + text + NOT_REVERSE : text;
    return `${i === wrapsAt ? WRAP_ON : ''}${shown}${i === 0 && i !== wrapsAt ? WRAP_OFF : ''}`;
  });
  return `${cells.join('')}${isLast || isCertain ? '' : '\r\n'}`;
}
