// The texts that clients send and receive.

export const arrivedNotice = (id: number): string => `server: client ${id} just arrived\n`;
export const leftNotice = (id: number): string => `server: client ${id} just left\n`;
export const linePrefix = (id: number): string => `client ${id}: `;
/** A line of a client as the other clients receive it. */
export const relayedLine = (id: number, line: string): string => `${linePrefix(id)}${line}\n`;
export const relayedLines = (id: number, lines: readonly string[]): string =>
  lines.map((line) => relayedLine(id, line)).join('');

/** Returns numbered lines of 1,000 bytes each, of which the newline is one. */
export function numberedLines(megabytes: number): string[] {
  return Array.from({ length: megabytes * 1000 }, (_, i) => `${i} `.padEnd(999, 'abcdefghij'));
}

/** Joins lines into the text that a client sends. */
export const joinLines = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
