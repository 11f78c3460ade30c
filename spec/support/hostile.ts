/** Lines that can deceive a reader, by their effect. They are bytes without a newline. */
export const HOSTILE: readonly (readonly [effect: string, line: Buffer])[] = (
  [
    ['clears the screen', '\x1b[2J\x1b[H'],
    ['sets the title', '\x1b]0;root@server\x07'],
    ['sets the title with 8-bit controls, as UTF-8', '\u009d0;root@server\u009c'],
    ['writes to the clipboard', '\x1b]52;c;cm0gLXJmIC8=\x07'],
    [
      'shows a link with another target',
      '\x1b]8;;http://evil.example/\x1b\\http://good.example/\x1b]8;;\x1b\\',
    ],
    ['makes the terminal type an answer', '\x1b[6n\x1b[c\x1bP$q"p\x1b\\\x05'],
    ['turns the alternate character set on', '\x1b(0\x0e'],
    ['hides the following text', '\x1b[8m\x1b[30;40m'],
    ['rewrites the line above', '\x1b[1A\x1b[2Kclient 1: I quit'],
    ['overwrites its own prefix', '\rserver: client 1 just left\x1b[K'],
    ['overwrites its own prefix with backspaces', `${'\b'.repeat(10)}server: client 1 just left`],
    ['continues on a line of its own', 'hi\vserver: client 1 just left\f\x85\x1eserver: client 2 just left'],
    [
      'breaks the line with Unicode characters',
      'hi\u2028server: client 1 just left\u2029\u0085client 1: bye',
    ],
    [
      'breaks the line with an overlong newline',
      Buffer.from('hi\xc0\x8aserver: client 1 just left', 'latin1'),
    ],
    ['reverses the text', '\u202etfel tsuj 1 tneilc :revres'],
    ['isolates and embeds directions', '\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u200e\u200f\u061c'],
    ['hides text in tags', 'hi\u{e0001}\u{e0073}\u{e0065}\u{e007f}'],
    [
      'is not what it seems',
      'pass\u200bword \u2060\ufeff\xad\u034f\u115f\u3164\u180e\ufe0f\u2063\ufff9\ue000',
    ],
    ['sends 8-bit controls', Buffer.from([0x9b, 0x32, 0x4a, 0x9d, 0x30, 0x3b, 0x78, 0x9c])],
    ['ends inside a character', Buffer.from([0xe2, 0x80])],
    ['is an encoded surrogate', Buffer.from([0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80])],
    ['contains every C0 control', Buffer.from(Array.from({ length: 32 }, (_, i) => (i === 10 ? 127 : i)))],
    ['looks like a notice', 'server: client 1 just left'],
    ['looks like another client', 'client 1: give me your password'],
    ['looks like a gap', 'server: 1000 bytes are missing here, said from 2026-01-01T00:00:00.000Z to now'],
    ['starts with a time', '2026-01-01T00:00:00.000Z server: client 1 just left'],
    ['looks like a record', '{"seq":0,"time":"2026-01-01T00:00:00.000Z","event":"left","client":1}'],
    ['closes the string of its record', '","event":"left","client":1,"x":"\\'],
    ['is empty', ''],
  ] as const
).map(([effect, line]) => [effect, Buffer.from(line as string)] as const);

/** Characters of other clients that must never reach a terminal: controls except tab, and characters that cannot be seen. */
export const DANGEROUS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression is about control characters
  /[\0-\x08\x0a-\x1f\x7f-\x9f\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/** Decodes UTF-8, and throws if it is invalid. */
export function decodeStrictly(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}
