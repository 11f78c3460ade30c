import { widthOf } from '../../bin/join/layout.js';

interface Cell {
  readonly text: string;
  readonly isReversed: boolean;
}

interface Line {
  cells: Cell[];
  /** Whether the next row continues this one. */
  isWrapped: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control sequences
const TOKEN = /\x1b\[(\??)(\d*)([A-Za-z])|\x1b([78])|[\s\S]/gu;

/**
 * A terminal with the control sequences that `mini-serv join` uses, and an endless history. A resized one wraps its rows
 * again, and keeps its cursor at the same character.
 */
export class ScreenModel {
  #columns: number;
  #rows: number;
  #lines: Line[] = [emptyLine()];
  /** The position of the cursor; the row counts from the start of the history. */
  #y = 0;
  #x = 0;
  /** The position from the first row of the screen, as terminals save it. */
  #saved = { x: 0, y: 0 };
  #canWrap = true;
  #isReversed = false;

  readonly #widthOf: (character: string) => number;

  /** @param widthOfCell how many cells this terminal gives to a character */
  constructor(columns: number, rows: number, widthOfCell = widthOf) {
    this.#columns = columns;
    this.#rows = rows;
    this.#widthOf = widthOfCell;
  }

  /** The rows that were ever on the screen, without the spaces at their ends. */
  get rows(): string[] {
    return this.#lines.map(({ cells }) => textOf(cells).trimEnd());
  }

  /** The same, with the rows that continue others put to them. */
  get lines(): string[] {
    const lines = [''];
    for (const { cells, isWrapped } of this.#lines) {
      lines.push((lines.pop() as string) + textOf(cells));
      if (!isWrapped) lines.push('');
    }
    return lines.slice(0, -1).map((line) => line.trimEnd());
  }

  /** The characters of all reversed cells. */
  get reversed(): string {
    return textOf(this.#lines.flatMap(({ cells }) => cells).filter(({ isReversed }) => isReversed));
  }

  write(output: string): void {
    for (const [token, isPrivate, count = '', letter, save] of output.matchAll(TOKEN)) {
      if (letter !== undefined) this.#control(isPrivate === '?', Number(count || 1), count + letter);
      else if (save === '7') this.#saved = { x: this.#x, y: this.#y - this.#top };
      else if (save === '8') [this.#x, this.#y] = [this.#saved.x, this.#top + this.#saved.y];
      else this.#print(token);
    }
  }

  resize(columns: number, rows: number): void {
    const cursor = this.#lines[this.#y]?.cells[this.#x] ?? { text: '', isReversed: false };
    (this.#lines[this.#y] as Line).cells[this.#x] = cursor;
    const wrapped: Line[] = [];
    let cells: Cell[] = [];
    for (const line of this.#lines) {
      cells.push(...line.cells);
      if (line.isWrapped) continue;
      wrapped.push(...wrap(cells, columns));
      cells = [];
    }
    this.#lines = wrapped;
    this.#y = wrapped.findIndex((line) => line.cells.includes(cursor));
    this.#x = wrapped[this.#y]?.cells.indexOf(cursor) ?? 0;
    this.#columns = columns;
    this.#rows = rows;
    // Rows below the cursor make space first, as in tmux.
    this.#lines.length = Math.max(this.#y + 1, Math.min(this.#lines.length, this.#top + rows));
  }

  get #top(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  #control(isPrivate: boolean, count: number, name: string): void {
    if (isPrivate) {
      if (name === '7h' || name === '7l') this.#canWrap = name === '7h';
      return;
    }
    const line = this.#lines[this.#y] as Line;
    if (name.endsWith('A')) this.#y = Math.max(this.#top, this.#y - count);
    else if (name.endsWith('B'))
      this.#y = Math.min(this.#top + this.#rows - 1, this.#lines.length - 1, this.#y + count);
    else if (name === '2K') line.cells = [];
    else if (name === 'J') {
      line.cells.length = Math.min(line.cells.length, this.#x);
      line.isWrapped = false;
      for (const below of this.#lines.slice(this.#y + 1)) Object.assign(below, emptyLine());
    } else if (name === '7m' || name === '27m') this.#isReversed = name === '7m';
    else throw new Error(`unknown control sequence ${name}`);
  }

  #print(character: string): void {
    if (character === '\r') this.#x = 0;
    else if (character === '\n') this.#nextRow(false);
    else this.#put(character, Math.min(this.#widthOf(character), this.#columns));
  }

  #put(character: string, width: number): void {
    const cell = { text: character, isReversed: this.#isReversed };
    if (width === 0) {
      const { cells } = this.#lines[this.#y] as Line;
      const before = cells.findLastIndex(({ text }, i) => i < this.#x && text !== '');
      cells[before] = { ...cell, text: (cells[before]?.text ?? '') + character };
      return;
    }
    if (this.#x + width > this.#columns) {
      if (this.#canWrap) this.#nextRow(true);
      else this.#x = this.#columns - width;
    }
    const { cells } = this.#lines[this.#y] as Line;
    while (cells.length < this.#x) cells.push({ text: ' ', isReversed: false });
    cells[this.#x] = cell;
    if (width === 2) cells[this.#x + 1] = { text: '', isReversed: false };
    this.#x = Math.min(this.#x + width, this.#columns - (this.#canWrap ? 0 : 1));
  }

  /** A terminal moves to the first column for a newline too, as the terminals of Node do. */
  #nextRow(isWrapped: boolean): void {
    (this.#lines[this.#y] as Line).isWrapped = isWrapped;
    this.#x = 0;
    this.#y++;
    if (this.#y === this.#lines.length) this.#lines.push(emptyLine());
  }
}

function emptyLine(): Line {
  return { cells: [], isWrapped: false };
}

function textOf(cells: readonly Cell[]): string {
  return cells.map(({ text }) => text).join('');
}

function wrap(cells: readonly Cell[], columns: number): Line[] {
  const lines = [emptyLine()];
  for (const [i, cell] of cells.entries()) {
    const width = cells[i + 1]?.text === '' ? 2 : 1;
    let line = lines.at(-1) as Line;
    if (cell.text !== '' && line.cells.length + Math.min(width, columns) > columns) {
      line.isWrapped = true;
      line = emptyLine();
      lines.push(line);
    }
    line.cells.push(cell);
  }
  return lines;
}
