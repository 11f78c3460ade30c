import type { Difference } from './wire-line.js';

/** A wrong prefix that a server puts before the lines of a kind. The id is replaced by one digit. */
export interface WrongPrefix {
  readonly kind: string;
  readonly text: string;
}

/** Returns the wrong prefix, if the text behind it is right. */
export function wrongPrefix({ wanted, got, line }: Difference): WrongPrefix | undefined {
  if (line === undefined || got.length === 0) return undefined;
  const text = wanted.subarray(line.textStart).toString('latin1');
  const received = withoutId(got);
  // A long line that was received is cut.
  const end = received.endsWith(text) ? received.length - text.length : received.indexOf(text.slice(0, 16));
  const prefix = received.slice(0, end);
  const isRight = prefix === withoutId(wanted.subarray(0, line.textStart));
  return end === -1 || isRight ? undefined : { kind: line.kind, text: prefix };
}

/** Whether a difference is this wrong prefix and nothing else. */
export function explains(prefix: WrongPrefix, { wanted, got, line }: Difference): boolean {
  if (line?.kind !== prefix.kind || got.length === 0) return false;
  const text = wanted.subarray(line.textStart).toString('latin1');
  return `${prefix.text}${text}`.startsWith(withoutId(got));
}

/** Replaces the id by one digit. */
function withoutId(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/(?<=client )\d+/i, '0');
}
