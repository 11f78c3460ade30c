/** Returns a character as an escape: `\r`, `\x1b`, `\u202e` or `\u{e0041}`. */
export function escapeCharacter(character: string): string {
  if (character === '\r') return '\\r';
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
