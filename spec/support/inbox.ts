import { AssertionError } from 'chai';
import { WAIT_LIMIT_MS } from './waiting.js';

export type Condition = string | Buffer | ((bytes: Buffer) => boolean);

/** How many bytes an assertion error quotes. */
const QUOTED_BYTES = 120;
/** How many bytes before a difference an assertion error quotes. */
const CONTEXT_BYTES = 20;

/** All the bytes that a stream has delivered, and ways to wait for more. */
export class Inbox {
  /** Chunks since `bytes` was last read. They are copied only when a spec reads all bytes. */
  #chunks: Buffer[] = [];
  #storage = Buffer.alloc(0);
  #stored = 0;
  #length = 0;
  #ended = false;
  readonly #onChange = new Set<() => void>();

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    // Doubled, so that a predicate that looks at each chunk does not copy everything each time.
    if (this.#length > this.#storage.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#storage.length * 2));
      this.#storage.copy(larger, 0, 0, this.#stored);
      this.#storage = larger;
    }
    for (const chunk of this.#chunks) this.#stored += chunk.copy(this.#storage, this.#stored);
    this.#chunks = [];
    return this.#storage.subarray(0, this.#length);
  }

  get text(): string {
    return this.bytes.toString();
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.#changed();
  }

  /** The stream has ended: all pending waits fail. */
  finish(): void {
    this.#ended = true;
    this.#changed();
  }

  /** Waits until the bytes contain this text, or until the predicate holds. */
  async until(condition: Condition): Promise<void> {
    const wanted = typeof condition === 'function' ? 'the awaited bytes' : quote(Buffer.from(condition));
    const failure = (why: string) =>
      new AssertionError(`${wanted} did not come${why}; the last bytes are ${quoteEnd(this.bytes)}`);
    const holds = typeof condition === 'function' ? condition : containing(Buffer.from(condition));
    await this.#watch(() => holds(this.bytes), failure);
  }

  /** Waits until so many bytes have come; cheaper than a predicate where there are many. */
  async untilLength(bytes: number): Promise<void> {
    const failure = (why: string) => new AssertionError(`${this.#length} of ${bytes} bytes came${why}`);
    await this.#watch(() => this.#length >= bytes, failure);
  }

  /** Waits until the text has come so many times. */
  async untilCount(text: string, count: number): Promise<void> {
    const needle = Buffer.from(text);
    let [seen, from] = [0, 0];
    const holds = (): boolean => {
      const { bytes } = this;
      for (let at = bytes.indexOf(needle, from); at >= 0; at = bytes.indexOf(needle, from)) {
        seen++;
        from = at + needle.length;
      }
      return seen >= count;
    };
    const failure = (why: string) =>
      new AssertionError(`${quote(needle)} came ${seen} times instead of ${count}${why}`);
    await this.#watch(holds, failure);
  }

  /** Waits for these bytes, and requires that they are all that has come, from the first byte on. */
  async exactly(expected: Buffer): Promise<void> {
    let same = 0;
    const holds = (): boolean => {
      const { bytes } = this;
      const end = Math.min(bytes.length, expected.length);
      if (bytes.compare(expected, same, end, same, end) !== 0 || bytes.length > expected.length) {
        throw differenceOf(bytes, expected);
      }
      same = end;
      return bytes.length === expected.length;
    };
    const failure = (why: string) =>
      new AssertionError(
        `${this.#length} of ${expected.length} bytes came${why}; ` +
          `expected next: ${quote(expected.subarray(this.#length))}`,
      );
    await this.#watch(holds, failure);
  }

  #changed(): void {
    for (const check of [...this.#onChange]) check();
  }

  #watch(holds: () => boolean, failure: (why: string) => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(failure(` within ${WAIT_LIMIT_MS} ms`)), WAIT_LIMIT_MS);
      const settle = (error?: unknown) => {
        clearTimeout(timer);
        this.#onChange.delete(check);
        if (error) reject(error);
        else resolve();
      };
      const check = () => {
        try {
          if (holds()) settle();
          else if (this.#ended) settle(failure(' before the end'));
        } catch (error) {
          settle(error);
        }
      };
      this.#onChange.add(check);
      check();
    });
  }
}

function containing(needle: Buffer): (bytes: Buffer) => boolean {
  let from = 0;
  return (bytes) => {
    if (bytes.indexOf(needle, from) >= 0) return true;
    from = Math.max(0, bytes.length - needle.length + 1);
    return false;
  };
}

function differenceOf(actual: Buffer, expected: Buffer): Error {
  let at = 0;
  while (at < expected.length && actual[at] === expected[at]) at++;
  const from = Math.max(0, at - CONTEXT_BYTES);
  return new AssertionError(
    `byte ${at} differs: expected ${quote(expected.subarray(from))}, got ${quote(actual.subarray(from))}`,
  );
}

function quote(bytes: Buffer): string {
  const text = JSON.stringify(bytes.subarray(0, QUOTED_BYTES).toString('latin1'));
  return bytes.length > QUOTED_BYTES ? `${text}…` : text;
}

const quoteEnd = (bytes: Buffer) => quote(bytes.subarray(Math.max(0, bytes.length - QUOTED_BYTES)));
