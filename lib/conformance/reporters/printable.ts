/** The longest line that a report quotes, in characters. */
const MAX_LINE_LENGTH = 400;

/** Control and format characters, also bidirectional ones, lone surrogates, and what is unassigned or invisible. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Puts a text of unknown origin on one line, and shows every character of it that is invisible or could mislead. */
export function printable(text: string): string {
  const { length } = text;
  const clipped =
    length <= MAX_LINE_LENGTH
      ? text
      : `${text.slice(0, MAX_LINE_LENGTH)} … (${length.toLocaleString('en')} characters)`;
  return clipped.replace(HIDDEN, (character) => ESCAPES[character] ?? escapeCharacter(character));
}

/** Writes the hidden characters of a JSON text as its own escapes. */
export function printableJson(json: string): string {
  return json.replace(HIDDEN, (character) =>
    character === '\n' ? character : character.split('').map(escapeUnit).join(''),
  );
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function escapeCharacter(character: string): string {
  const hex = (character.codePointAt(0) as number).toString(16);
  return hex.length <= 2 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`;
}
