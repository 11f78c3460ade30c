import { styleText } from 'node:util';
import { createEscaper } from '../../lib/util/escape.js';
import { escapeText } from '../../lib/util/escape-text.js';
import { type LineMark, lineMark } from '../../lib/util/line-mark.js';

/** Part of an incomplete line that is shown before the rest has arrived, in characters. */
const PIECE_CHARACTERS = 64 * 1024;

/** One for each client, by its id. The colours are those of the terminal's theme; black, white and greys are left out. */
const COLOURS = [
  'cyan',
  'yellow',
  'magenta',
  'green',
  'blue',
  'red',
  'cyanBright',
  'yellowBright',
  'magentaBright',
  'greenBright',
  'blueBright',
  'redBright',
] as const;

type Format = Parameters<typeof styleText>[0];

/** Turns what the relay sends into lines that are safe to print on a terminal. */
export class LineView {
  readonly #hasColours: boolean;
  readonly #mark: LineMark = lineMark();
  readonly #start: RegExp;
  #escape = createEscaper();
  /** The escaped part of the last line that is not shown yet. */
  #rest = '';
  #isLineStart = true;

  constructor(hasColours: boolean) {
    this.#hasColours = hasColours;
    // The mark cannot occur elsewhere in a line, because it is escaped there.
    const mark = this.#mark.text.replace('|', '\\|');
    this.#start = new RegExp(`^${mark}(?:client (\\d+):|server: .*)`, 'gm');
  }

  /**
   * Shows the next bytes of the room: complete lines, and long parts of an incomplete one. A part ends with a newline, too;
   * the row after it has no mark, so it continues the line above.
   */
  show(bytes: Buffer): string {
    const text = this.#rest + this.#escape(bytes);
    const end =
      text.length - PIECE_CHARACTERS > text.lastIndexOf('\n') ? text.length : text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(end);
    return this.#show(text.slice(0, end));
  }

  /** Shows the incomplete line with which a connection has ended. The next bytes are those of another connection. */
  end(): string {
    const shown = this.#show(this.#rest + this.#escape(null));
    this.#rest = '';
    this.#escape = createEscaper();
    this.#isLineStart = true;
    return shown;
  }

  /** Shows a line that this client sends, which the relay does not send back. */
  own(line: string): string {
    return this.#mark.apply(`${this.#style('bold', 'you:')} ${escapeText(line)}\n`, true);
  }

  /** Shows a message of this command. */
  notice(message: string): string {
    return `${this.#mark.text}${this.#style('dim', `mini-serv: ${escapeText(message)}`)}\n`;
  }

  #show(text: string): string {
    if (text === '') return '';
    const marked = this.#mark.apply(text, this.#isLineStart);
    this.#isLineStart = text.endsWith('\n');
    const lines = this.#isLineStart ? marked : `${marked}\n`;
    return this.#hasColours ? lines.replace(this.#start, (start, id) => this.#paint(start, id)) : lines;
  }

  #paint(start: string, id: string | undefined): string {
    const format: Format = id === undefined ? 'dim' : (COLOURS[Number(id) % COLOURS.length] as Format);
    return `${this.#mark.text}${this.#style(format, start.slice(this.#mark.text.length))}`;
  }

  #style(format: Format, text: string): string {
    return this.#hasColours ? styleText(format, text, { validateStream: false }) : text;
  }
}
