/** A row of a terminal. */
export interface Row {
  /** The characters in the cells. A wide character is followed by an empty cell. */
  readonly cells: string[];
  /** Whether the row begins after a newline. Otherwise it continues the row above. */
  readonly isLineStart: boolean;
}

const TAB_COLUMNS = 8;
const COMBINING = /^[\p{Mn}\p{Me}]$/u;
// The wide ranges of East_Asian_Width, as far as the specs need them.
const WIDE =
  /^[\u1100-\u115e\u2b1b\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
const CONTROL = /^[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]$/u;

/**
 * The rows that a terminal with automatic wrap shows. It wraps when a character follows the one in the last column, or
 * when a wide one does not fit. A tab never wraps.
 *
 * @throws Error for a character that could move the cursor or that cannot be seen
 */
export function rowsOf(output: string, columns: number): Row[] {
  let row: Row = { cells: [], isLineStart: true };
  const rows = [row];
  let column = 0;
  const nextRow = (isLineStart: boolean): void => {
    row = { cells: [], isLineStart };
    rows.push(row);
    column = 0;
  };
  for (const character of output) {
    if (character === '\n') nextRow(true);
    else if (character === '\t') {
      column = Math.min(columns - 1, (Math.floor(column / TAB_COLUMNS) + 1) * TAB_COLUMNS);
    } else if (CONTROL.test(character)) {
      throw new Error(`U+${character.codePointAt(0)?.toString(16)} reaches the terminal`);
    } else if (COMBINING.test(character)) {
      const last = column === 0 ? rows.at(-2) : row;
      const at = column === 0 ? columns - 1 : column - 1;
      if (last !== undefined) last.cells[at] = (last.cells[at] ?? ' ') + character;
    } else {
      const width = columns > 1 && WIDE.test(character) ? 2 : 1;
      if (column + width > columns) nextRow(false);
      row.cells[column] = character;
      column += width;
    }
  }
  return rows;
}
