import { AssertionError } from 'chai';
import { WAIT_LIMIT_MS } from './waiting.js';

export type Condition = string | Buffer | ((bytes: Buffer) => boolean);

/** All the bytes that have come from somewhere, and ways to wait for more of them. */
export class Inbox {
  #room = Buffer.alloc(0);
  #length = 0;
  #over = false;
  readonly #watchers = new Set<() => void>();

  get bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  get text(): string {
    return this.bytes.toString();
  }

  push(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    // Doubled, so that 64 MiB in small chunks is not copied once a chunk.
    if (length > this.#room.length) {
      const roomier = Buffer.allocUnsafe(Math.max(length, this.#room.length * 2));
      this.bytes.copy(roomier);
      this.#room = roomier;
    }
    chunk.copy(this.#room, this.#length);
    this.#length = length;
    this.#wake();
  }

  /** Nothing more will come: whoever still waits has waited in vain. */
  finish(): void {
    this.#over = true;
    this.#wake();
  }

  /** Waits until the text is among what came, or until the predicate holds. */
  async until(condition: Condition, ms = WAIT_LIMIT_MS): Promise<void> {
    const holds = typeof condition === 'function' ? condition : containing(condition);
    const wanted = typeof condition === 'function' ? 'what was waited for' : quote(Buffer.from(condition));
    await this.#watch(
      (bytes) => holds(bytes),
      (why) => new AssertionError(`${wanted} did not come${why}; the last that came is ${tail(this.bytes)}`),
      ms,
    );
  }

  /** Waits until that many bytes came, and requires them, from the first byte on, to be exactly these. */
  async exactly(expected: Buffer, ms = WAIT_LIMIT_MS): Promise<void> {
    let same = 0;
    const compare = (bytes: Buffer): boolean => {
      const until = Math.min(bytes.length, expected.length);
      if (bytes.compare(expected, same, until, same, until) !== 0 || bytes.length > expected.length)
        throw difference(bytes, expected);
      same = until;
      return bytes.length === expected.length;
    };
    const short = (why: string) =>
      new AssertionError(
        `${this.#length} of ${expected.length} bytes came${why}; ` +
          `next should be ${quote(expected.subarray(this.#length))}`,
      );
    await this.#watch(compare, short, ms);
  }

  #wake(): void {
    for (const look of [...this.#watchers]) look();
  }

  #watch(holds: (bytes: Buffer) => boolean, failure: (why: string) => Error, ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(failure(` within ${ms} ms`)), ms);
      const settle = (error?: unknown) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        if (error) reject(error);
        else resolve();
      };
      const look = () => {
        try {
          if (holds(this.bytes)) settle();
          else if (this.#over) settle(failure(' before the end'));
        } catch (error) {
          settle(error);
        }
      };
      this.#watchers.add(look);
      look();
    });
  }
}

function containing(wanted: string | Buffer): (bytes: Buffer) => boolean {
  const needle = Buffer.from(wanted);
  let from = 0;
  return (bytes) => {
    if (bytes.indexOf(needle, from) >= 0) return true;
    from = Math.max(0, bytes.length - needle.length + 1);
    return false;
  };
}

function difference(actual: Buffer, expected: Buffer): Error {
  let at = 0;
  while (at < expected.length && actual[at] === expected[at]) at++;
  const from = Math.max(0, at - 20);
  return new AssertionError(
    `byte ${at} differs: came ${quote(actual.subarray(from))}, should be ${quote(expected.subarray(from))}`,
  );
}

const quote = (bytes: Buffer) =>
  `${JSON.stringify(bytes.subarray(0, 120).toString('latin1'))}${bytes.length > 120 ? '…' : ''}`;
const tail = (bytes: Buffer) => quote(bytes.subarray(Math.max(0, bytes.length - 120)));
