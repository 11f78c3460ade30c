/** The notices and messages of the room as they are on the wire. */
export const arrived = (id: number) => `server: client ${id} just arrived\n`;
export const left = (id: number) => `server: client ${id} just left\n`;

/** Messages of one client, a line each. */
export function said(id: number, ...lines: string[]): string {
  return lines.map((line) => `client ${id}: ${line}\n`).join('');
}

/** The same for lines that are not valid UTF-8. */
export function saidBytes(id: number, ...lines: Uint8Array[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [Buffer.from(`client ${id}: `), line, Buffer.from('\n')]));
}

/** Numbered lines of 1,000 bytes each, `\n` included: enough of them fill any buffer. */
export function bulk(megabytes: number): string[] {
  return Array.from({ length: megabytes * 1000 }, (_, i) => `${i} `.padEnd(999, 'abcdefghij'));
}

export const packet = (lines: string[]) => lines.map((line) => `${line}\n`).join('');
