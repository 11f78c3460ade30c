import type { Readable } from 'node:stream';
import type { Clock } from './clock.js';
import { commonPrefixLength } from './text.js';

/** Received bytes that may wait in this process; the rest stays in the kernel. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** The outcome of a wait for more bytes. */
export type Wait = 'more' | 'closed' | 'timeout';

/** The bytes that a connection has received and the case has not looked at yet. */
export class Inbox {
  /** Whether anything was ever received. */
  hasReceived = false;
  readonly #stream: Readable;
  readonly #clock: Clock;
  #chunks: Buffer[] = [];
  #length = 0;
  #hasEnded = false;
  #isPaused = false;
  #onChange = (): void => {};

  constructor(stream: Readable, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    const onEnd = (): void => {
      this.#hasEnded = true;
      this.#onChange();
    };
    stream.once('end', onEnd).once('close', onEnd).on('error', onEnd);
  }

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.hasReceived = true;
    if (this.#length > MAX_PENDING_BYTES) this.#stream.pause();
    this.#onChange();
  }

  pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream.resume();
  }

  /** Waits until more than this many bytes are pending. Each chunk restarts the timeout, up to the deadline. */
  async waitForMore(length: number): Promise<Wait> {
    while (this.#length <= length) {
      if (this.#hasEnded) return 'closed';
      const before = this.#length;
      const changed = new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
      await this.#clock.beforeDeadline(changed);
      if (this.#length === before && !this.#hasEnded) return 'timeout';
    }
    return 'more';
  }

  /** Returns the first chunk, or as much of the pending bytes as asked for. They stay in the inbox. */
  peek(maxBytes = Number.POSITIVE_INFINITY): Buffer {
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length >= maxBytes) return first.subarray(0, maxBytes);
    if (maxBytes < Number.POSITIVE_INFINITY && this.#chunks.length > 1) {
      this.#chunks = [Buffer.concat(this.#chunks)];
      return (this.#chunks[0] as Buffer).subarray(0, maxBytes);
    }
    return first;
  }

  /** Waits for the rest of the current line and returns a copy of it, or of its first bytes. It stays in the inbox. */
  async peekLine(maxBytes: number): Promise<{ line: Buffer; wait: Wait }> {
    for (;;) {
      const first = this.peek();
      // Joining the chunks is needed only if a line is in several.
      const bytes = first.subarray(0, maxBytes).includes(0x0a)
        ? first.subarray(0, maxBytes)
        : this.peek(maxBytes);
      const end = bytes.indexOf(0x0a) + 1;
      if (end > 0 || bytes.length === maxBytes) {
        return { line: Buffer.from(end > 0 ? bytes.subarray(0, end) : bytes), wait: 'more' };
      }
      const wait = await this.waitForMore(this.#length);
      if (wait !== 'more') return { line: Buffer.from(bytes), wait };
    }
  }

  drop(length: number): void {
    let left = length;
    while (left > 0) {
      const first = this.#chunks[0] as Buffer;
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left);
        break;
      }
      left -= first.length;
      this.#chunks.shift();
    }
    this.#length -= length;
    if (!this.#isPaused && this.#length <= MAX_PENDING_BYTES) this.#stream.resume();
  }

  /** Removes the text if the next bytes are this text; returns whether they were. */
  async skip(text: Buffer): Promise<boolean> {
    if (text.length === 0) return false;
    for (;;) {
      const bytes = this.peek(text.length);
      if (commonPrefixLength(bytes, text) < bytes.length) return false;
      if (bytes.length === text.length) {
        this.drop(text.length);
        return true;
      }
      if ((await this.waitForMore(this.#length)) !== 'more') return false;
    }
  }
}
