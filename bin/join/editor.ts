import type { Action } from './keys.js';

/** Lines that can be recalled. */
const MAX_HISTORY_LINES = 1000;

const WORD = /[\p{L}\p{N}\p{M}_\ud800-\udfff]/u;
const NOT_SPACE = /\S/;

/** Edits the line that is being typed, its draft, with the keys of shells. */
export class Editor {
  text = '';
  /** The position in the text, in UTF-16 code units. */
  cursor = 0;
  #killed = '';
  readonly #segmenter = new Intl.Segmenter();
  /** Earlier lines, the oldest first. */
  readonly #history: string[] = [];
  /** The position in the history. At its end is the draft. */
  #at = 0;
  /** Texts that were left at their positions since the last line was sent. */
  readonly #drafts = new Map<number, string>();

  insert(text: string): void {
    this.#replace(this.cursor, this.cursor, text);
  }

  /** Returns the draft and starts an empty one. */
  take(): string {
    const { text } = this;
    if (text !== '' && text !== this.#history.at(-1)) this.#history.push(text);
    if (this.#history.length > MAX_HISTORY_LINES) this.#history.shift();
    this.#at = this.#history.length;
    this.#drafts.clear();
    this.#set('');
    return text;
  }

  /** Does what a key does to the draft. Ignores keys that do nothing to it. */
  apply(action: Action): void {
    const { text, cursor } = this;
    switch (action) {
      case 'left':
        this.cursor = this.#previous();
        break;
      case 'right':
        this.cursor = this.next();
        break;
      case 'wordLeft':
        this.cursor = wordStart(text, cursor, WORD);
        break;
      case 'wordRight':
        this.cursor = wordEnd(text, cursor);
        break;
      case 'home':
        this.cursor = 0;
        break;
      case 'end':
        this.cursor = text.length;
        break;
      case 'older':
        this.#recall(this.#at - 1);
        break;
      case 'newer':
        this.#recall(this.#at + 1);
        break;
      case 'deleteLeft':
        this.#replace(this.#previous(), cursor, '');
        break;
      case 'deleteRight':
        this.#replace(cursor, this.next(), '');
        break;
      case 'deleteWordLeft':
        this.#kill(wordStart(text, cursor, WORD), cursor);
        break;
      case 'deleteSpacedWordLeft':
        this.#kill(wordStart(text, cursor, NOT_SPACE), cursor);
        break;
      case 'deleteWordRight':
        this.#kill(cursor, wordEnd(text, cursor));
        break;
      case 'deleteToStart':
        this.#kill(0, cursor);
        break;
      case 'deleteToEnd':
        this.#kill(cursor, text.length);
        break;
      case 'yank':
        this.insert(this.#killed);
        break;
      default:
    }
  }

  /** Returns the end of what a user perceives as the character at the cursor. */
  next(): number {
    const { text, cursor } = this;
    const character = this.#segmenter.segment(text).containing(cursor);
    return character === undefined ? text.length : character.index + character.segment.length;
  }

  #previous(): number {
    const { text, cursor } = this;
    return cursor === 0 ? 0 : (this.#segmenter.segment(text).containing(cursor - 1)?.index ?? 0);
  }

  #replace(from: number, to: number, text: string): void {
    this.text = this.text.slice(0, from) + text + this.text.slice(to);
    this.cursor = from + text.length;
  }

  #kill(from: number, to: number): void {
    if (from === to) return;
    this.#killed = this.text.slice(from, to);
    this.#replace(from, to, '');
  }

  #set(text: string): void {
    this.text = text;
    this.cursor = text.length;
  }

  #recall(at: number): void {
    if (at < 0 || at > this.#history.length) return;
    this.#drafts.set(this.#at, this.text);
    this.#at = at;
    this.#set(this.#drafts.get(at) ?? this.#history[at] ?? '');
  }
}

function wordStart(text: string, cursor: number, word: RegExp): number {
  let at = cursor;
  while (at > 0 && !word.test(text[at - 1] as string)) at--;
  while (at > 0 && word.test(text[at - 1] as string)) at--;
  return at;
}

function wordEnd(text: string, cursor: number): number {
  let at = cursor;
  while (at < text.length && !WORD.test(text[at] as string)) at++;
  while (at < text.length && WORD.test(text[at] as string)) at++;
  return at;
}
