import { relayedLines } from '../../lib/conformance/messages.js';

export { arrivedNotice, joinLines, leftNotice, numberedLines } from '../../lib/conformance/messages.js';

/** Messages of one client as other clients receive them. */
export const relayed = (id: number, ...lines: string[]): string => relayedLines(id, lines);

/** The same for lines that are not valid UTF-8. */
export function relayedBytes(id: number, ...lines: Uint8Array[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [Buffer.from(`client ${id}: `), line, Buffer.from('\n')]));
}
