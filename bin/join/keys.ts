import { StringDecoder } from 'node:string_decoder';

/** The effect of a key. */
export type Action =
  | 'send'
  | 'leave'
  | 'quit'
  | 'suspend'
  | 'redraw'
  | 'left'
  | 'right'
  | 'wordLeft'
  | 'wordRight'
  | 'home'
  | 'end'
  | 'older'
  | 'newer'
  | 'deleteLeft'
  | 'deleteRight'
  | 'deleteWordLeft'
  | 'deleteWordRight'
  | 'deleteSpacedWordLeft'
  | 'deleteToStart'
  | 'deleteToEnd'
  | 'yank';

/** A piece of input: a text to insert, or a key. */
export type Input = { readonly text: string } | { readonly action: Action };

/** Control characters, and letters after Escape, as in shells. */
const ACTIONS: Readonly<Record<string, Action>> = {
  '\r': 'send',
  '\n': 'send',
  '\x03': 'quit',
  '\x04': 'leave',
  '\x1a': 'suspend',
  '\x0c': 'redraw',
  '\x02': 'left',
  '\x06': 'right',
  '\x01': 'home',
  '\x05': 'end',
  '\x10': 'older',
  '\x0e': 'newer',
  '\x08': 'deleteLeft',
  '\x7f': 'deleteLeft',
  '\x17': 'deleteSpacedWordLeft',
  '\x15': 'deleteToStart',
  '\x0b': 'deleteToEnd',
  '\x19': 'yank',
  '\x1bb': 'wordLeft',
  '\x1bf': 'wordRight',
  '\x1bd': 'deleteWordRight',
  '\x1b\x7f': 'deleteWordLeft',
  '\x1b\b': 'deleteWordLeft',
};

/** Keys of ECMA-48 sequences, by their last character or by their number before `~`. */
const NAMED_KEYS: Readonly<Record<string, Action>> = {
  A: 'older',
  B: 'newer',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  '1~': 'home',
  '3~': 'deleteRight',
  '4~': 'end',
  '7~': 'home',
  '8~': 'end',
};

/** The same with Ctrl or Alt. */
const WORD_ACTIONS: Partial<Record<Action, Action>> = {
  left: 'wordLeft',
  right: 'wordRight',
  deleteRight: 'deleteWordRight',
};

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';

// In this order: text; a sequence; F1 to F5 of the Linux console; a letter after Escape; any other character.
const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches keys
  /[^\0-\x08\n-\x1f\x7f]+|\x1b\[\[.|\x1b(?:\[([0-9;]*)[ -?]*([@-~])|O([ -~]))|\x1b[ -Z\\-~\x7f\b]|[\0-\x1f\x7f]/g;
/** The start of a sequence at the end of a chunk. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches keys
const INCOMPLETE = /\x1b(?:\[\[?[ -?]*|O)?$/;

/** Decodes what a terminal in raw mode sends. Chunks may divide characters and sequences. */
export class KeyDecoder {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #isPasting = false;
  #endsWithCR = false;

  decode(chunk: Buffer): Input[] {
    let text = this.#rest + this.#decoder.write(chunk);
    this.#rest = '';
    const inputs: Input[] = [];
    while (text !== '') text = this.#isPasting ? this.#paste(text, inputs) : this.#type(text, inputs);
    return inputs;
  }

  /** Returns the text after the start of a paste. */
  #type(text: string, inputs: Input[]): string {
    const start = text.indexOf(PASTE_START);
    const end = start === -1 ? text.length - (INCOMPLETE.exec(text)?.[0].length ?? 0) : start;
    for (const token of text.slice(0, end).matchAll(TOKEN)) this.#add(token, inputs);
    this.#isPasting = start !== -1;
    if (this.#isPasting) return text.slice(start + PASTE_START.length);
    this.#rest = text.slice(end);
    return '';
  }

  /** Returns the text after the end of the paste. In a paste, only line breaks have a meaning. */
  #paste(text: string, inputs: Input[]): string {
    const end = text.indexOf(PASTE_END);
    const pasted = text.slice(0, end === -1 ? text.length - partialEndLength(text) : end);
    for (const [line = ''] of pasted.matchAll(/[\r\n]|[^\r\n]+/g)) {
      if (line === '\r' || line === '\n') this.#addLineBreak(line, inputs);
      else this.#addText(line, inputs);
    }
    this.#isPasting = end === -1;
    if (!this.#isPasting) return text.slice(end + PASTE_END.length);
    this.#rest = text.slice(pasted.length);
    return '';
  }

  #add([token, modifiers = '', final, single]: RegExpExecArray, inputs: Input[]): void {
    const last = final ?? single;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are keys
    const isText = !/^[\0-\x08\n-\x1f\x7f]/.test(token);
    if (token === '\r' || token === '\n') this.#addLineBreak(token, inputs);
    else if (isText) this.#addText(token, inputs);
    else {
      const action = last === undefined ? ACTIONS[token] : namedKey(modifiers, last);
      if (action !== undefined) inputs.push({ action });
      this.#endsWithCR = false;
    }
  }

  #addText(text: string, inputs: Input[]): void {
    inputs.push({ text });
    this.#endsWithCR = false;
  }

  /** Both characters of CRLF are one line break. */
  #addLineBreak(character: string, inputs: Input[]): void {
    if (character === '\r' || !this.#endsWithCR) inputs.push({ action: 'send' });
    this.#endsWithCR = character === '\r';
  }
}

function namedKey(parameters: string, last: string): Action | undefined {
  const [number = '', modifier = ''] = parameters.split(';');
  const action = NAMED_KEYS[last === '~' ? `${number}~` : last];
  return modifier === '' || action === undefined ? action : (WORD_ACTIONS[action] ?? action);
}

/** Returns how many characters at the end of a text may be the start of {@link PASTE_END}. */
function partialEndLength(text: string): number {
  for (let length = PASTE_END.length - 1; length > 0; length--) {
    if (text.endsWith(PASTE_END.slice(0, length))) return length;
  }
  return 0;
}
