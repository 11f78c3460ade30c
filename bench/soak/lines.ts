/**
 * The lines of a soak: numbered, with the time at which they were due, and always as long. Whoever reads them can
 * tell what is missing, twice, or changed, and how long it took.
 */

/** A line's length in bytes, with its newline. */
export const LINE = 100;
/** Where what changes ends: the number, a space, the time, a space. */
const DIGITS = 12;
const BODY = 2 * DIGITS + 2;
const FILLER = Buffer.from(`${'abcdefghijklmnopqrstuvwxyz'.repeat(4).slice(0, LINE - BODY - 1)}\n`);

/** Milliseconds on a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Lines `first` to, and without, `first + count`. @param due when a line was to be said, in ms */
export function makeLines(first: number, count: number, due: (line: number) => number): Buffer {
  const bytes = Buffer.allocUnsafe(count * LINE);
  for (let i = 0; i < count; i++) {
    const head = `${digits(first + i)} ${digits(due(first + i))} `;
    bytes.write(head, i * LINE, 'latin1');
    FILLER.copy(bytes, i * LINE + BODY);
  }
  return bytes;
}

const digits = (value: number): string => String(Math.floor(value)).padStart(DIGITS, '0');

/** Takes what a client hears apart, and throws if it is not exactly what it should have heard. */
export class Checker {
  /** The number that the next line must have. */
  next = 0;
  readonly #prefix: Buffer;
  readonly #heard: (due: number) => void;
  readonly #other: (line: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  /**
   * @param speaker the id of the client who says the lines
   * @param heard told of each of its lines, when that was due
   * @param other told of everything else, a line at a time
   */
  constructor(speaker: number, heard: (due: number) => void, other: (line: string) => void = () => {}) {
    this.#prefix = Buffer.from(`client ${speaker}: `);
    this.#heard = heard;
    this.#other = other;
  }

  /** @throws Error if a line is missing, twice, or not as it was said */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const length = this.#lineAt(bytes, start);
      if (length === 0) break;
      start += length;
    }
    // Copied: it is short, and would keep the whole chunk.
    this.#rest = Buffer.from(bytes.subarray(start));
  }

  /** The length of the line that begins there; 0 if it is not complete. */
  #lineAt(bytes: Buffer, start: number): number {
    const prefix = this.#prefix;
    const body = start + prefix.length;
    if (bytes.length < body || prefix.compare(bytes, start, body) !== 0) {
      const end = bytes.indexOf(0x0a, start);
      if (end === -1) return 0;
      this.#other(bytes.toString('latin1', start, end));
      return end + 1 - start;
    }
    if (bytes.length < body + LINE) return 0;
    const line = number(bytes, body);
    if (line !== this.next || FILLER.compare(bytes, body + BODY, body + LINE) !== 0) {
      const text = bytes.toString('latin1', start, body + LINE);
      throw new Error(`line ${this.next} was to come, and this came: ${JSON.stringify(text)}`);
    }
    this.next++;
    this.#heard(number(bytes, body + DIGITS + 1));
    return prefix.length + LINE;
  }
}

function number(bytes: Buffer, start: number): number {
  let value = 0;
  for (let i = start; i < start + DIGITS; i++) value = value * 10 + (bytes[i] as number) - 0x30;
  return value;
}
