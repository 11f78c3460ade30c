import { BLOCK_BYTES, splitBlock, toLatin1 } from './message.js';
import { prefixLines } from './prefix.js';

function prefixOf(client: number): string {
  return `client ${client}: `;
}

/** Puts the prefix before each line of a block except the first. */
function prefixOtherLines(bytes: string, prefix: string): string {
  return bytes.replaceAll('\n', `\n${prefix}`);
}

/** Renders a notice as it goes over the wire. */
export function renderNotice(kind: 'arrived' | 'left', client: number): string {
  return `server: client ${client} just ${kind}\n`;
}

/**
 * Renders the lines of a client as they go over the wire, as latin1 strings: one string for up to {@link BLOCK_BYTES}. Each
 * line starts with the relay's own prefix.
 */
export function renderPieces(client: number, lines: string): Iterable<string> {
  const prefix = prefixOf(client);
  // Short blocks use no generator, which would cost as much as the rest of this function.
  return lines.length <= BLOCK_BYTES
    ? [`${prefix}${prefixOtherLines(lines, prefix)}\n`]
    : renderLongBlock(prefix, lines);
}

function* renderLongBlock(prefix: string, lines: string): Generator<string> {
  for (const bytes of splitBlock(lines)) {
    // A line that is longer than a block is yielded without being copied for its prefix.
    yield prefix;
    yield prefixOtherLines(bytes, prefix);
    yield '\n';
  }
}

/**
 * Returns the number of lines in a block from the length of what {@link renderBytes} made of it, which saves a search for
 * newlines.
 */
export function linesIn(client: number, block: string | Buffer, renderedBytes: number): number {
  return (renderedBytes - block.length - 1) / prefixOf(client).length;
}

/** Renders like {@link renderPieces}, or into a Buffer if that is faster. The Buffer is valid until the next call. */
export function renderBytes(client: number, lines: string | Buffer): Iterable<string | Buffer> {
  const bytes = prefixLines(prefixOf(client), lines);
  return bytes === null ? renderPieces(client, toLatin1(lines)) : [bytes];
}
