const encoder = new TextEncoder();
/** Lines are sent together in messages of up to this size. */
const MAX_MESSAGE_BYTES = 64 * 1024;

export interface Outgoing {
  readonly lines: number;
  readonly messages: readonly Uint8Array[];
}

/** A line that the relay would refuse. */
export interface TooLong {
  /** The number of the line in the input, from 1. */
  readonly line: number;
  readonly bytes: number;
}

/**
 * Makes messages of an input of one or several lines. Lines end with `\n`, `\r\n` or `\r`; the end of the input is the end of
 * a line.
 *
 * @param maxLineBytes the longest line that the relay accepts. A message is never longer than this and a newline.
 */
export function encodeLines(input: string, maxLineBytes: number): Outgoing | TooLong {
  const lines = input.replace(/\r\n?/g, '\n').replace(/\n$/, '').split('\n');
  const limit = Math.min(MAX_MESSAGE_BYTES, maxLineBytes + 1);
  const messages: Uint8Array[] = [];
  let batch: Uint8Array[] = [];
  let batchBytes = 0;
  const flush = () => {
    if (batchBytes > 0) messages.push(join(batch, batchBytes));
    batch = [];
    batchBytes = 0;
  };
  for (const [i, text] of lines.entries()) {
    const line = encoder.encode(`${text}\n`);
    if (line.length - 1 > maxLineBytes) return { line: i + 1, bytes: line.length - 1 };
    if (batchBytes + line.length > limit) flush();
    batch.push(line);
    batchBytes += line.length;
  }
  flush();
  return { lines: lines.length, messages };
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
