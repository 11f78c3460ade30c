/** What is said in the room, as it stands on the wire. */
export const arrived = (id: number) => `server: client ${id} just arrived\n`;
export const left = (id: number) => `server: client ${id} just left\n`;

/** Lines of one client; given as bytes, they come back as bytes. */
export function said(id: number, ...lines: string[]): string {
  return lines.map((line) => `client ${id}: ${line}\n`).join('');
}

export function saidBytes(id: number, ...lines: Uint8Array[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [Buffer.from(`client ${id}: `), line, Buffer.from('\n')]));
}

/** Numbered lines of a thousand bytes, `\n` included: enough of them fill any buffer there is. */
export function bulk(megabytes: number): string[] {
  return Array.from({ length: megabytes * 1000 }, (_, i) => `${i} `.padEnd(999, 'abcdefghij'));
}

export const packet = (lines: string[]) => lines.map((line) => `${line}\n`).join('');
