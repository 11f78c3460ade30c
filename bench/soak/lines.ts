// The lines of a soak: a number, the time at which the line was due, and filler. A reader detects lines that are missing,
// duplicated or altered, and measures their delay.

/** The length of a line with its newline. */
export const LINE_BYTES = 100;
const DIGITS = 12;
/** The number, a space, the time, a space. */
const HEAD_BYTES = 2 * DIGITS + 2;
const FILLER = Buffer.from(
  `${'abcdefghijklmnopqrstuvwxyz'.repeat(4).slice(0, LINE_BYTES - HEAD_BYTES - 1)}\n`,
);

/** Milliseconds on a clock that all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/**
 * Makes `count` lines, the first with the number `first`.
 *
 * @param due the time at which a line should be sent, in milliseconds
 */
export function makeLines(first: number, count: number, due: (line: number) => number): Buffer {
  const bytes = Buffer.allocUnsafe(count * LINE_BYTES);
  for (let i = 0; i < count; i++) {
    const head = `${digits(first + i)} ${digits(due(first + i))} `;
    bytes.write(head, i * LINE_BYTES, 'latin1');
    FILLER.copy(bytes, i * LINE_BYTES + HEAD_BYTES);
  }
  return bytes;
}

const digits = (value: number): string => String(Math.floor(value)).padStart(DIGITS, '0');

/** Parses the bytes that a client receives, and throws if a line is not the expected one. */
export class Checker {
  /** The number that the next line must have. */
  next = 0;
  readonly #prefix: Buffer;
  readonly #onLine: (due: number) => void;
  readonly #onOther: (line: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  /**
   * @param sender the id of the client that sends the lines
   * @param onLine called for each line of the sender, with its due time
   * @param onOther called for each other line
   */
  constructor(sender: number, onLine: (due: number) => void, onOther: (line: string) => void = () => {}) {
    this.#prefix = Buffer.from(`client ${sender}: `);
    this.#onLine = onLine;
    this.#onOther = onOther;
  }

  /** @throws {Error} if a line is missing, duplicated or altered */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const length = this.#checkLine(bytes, start);
      if (length === 0) break;
      start += length;
    }
    // Copied, because a slice would keep the whole chunk in memory.
    this.#rest = Buffer.from(bytes.subarray(start));
  }

  /** Checks the line at `start` and returns its length; 0 if it is incomplete. */
  #checkLine(bytes: Buffer, start: number): number {
    const prefix = this.#prefix;
    const body = start + prefix.length;
    if (bytes.length < body || prefix.compare(bytes, start, body) !== 0) {
      const end = bytes.indexOf(0x0a, start);
      if (end === -1) return 0;
      this.#onOther(bytes.toString('latin1', start, end));
      return end + 1 - start;
    }
    if (bytes.length < body + LINE_BYTES) return 0;
    const line = number(bytes, body);
    if (line !== this.next || FILLER.compare(bytes, body + HEAD_BYTES, body + LINE_BYTES) !== 0) {
      const text = bytes.toString('latin1', start, body + LINE_BYTES);
      throw new Error(`expected line ${this.next}, got ${JSON.stringify(text)}`);
    }
    this.next++;
    this.#onLine(number(bytes, body + DIGITS + 1));
    return prefix.length + LINE_BYTES;
  }
}

function number(bytes: Buffer, start: number): number {
  let value = 0;
  for (let i = start; i < start + DIGITS; i++) value = value * 10 + (bytes[i] as number) - 0x30;
  return value;
}
