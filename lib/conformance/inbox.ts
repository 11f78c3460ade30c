import type { Readable } from 'node:stream';

/** As much may have come and wait to be looked at; what is more waits in the kernel. In bytes. */
const HELD = 64 * 1024 * 1024;

export type Wait = 'more' | 'closed' | 'late';

/** What has come from a connection and was not looked at yet. */
export class Inbox {
  readonly #stream: Readable;
  #chunks: Buffer[] = [];
  #length = 0;
  #over = false;
  #asleep = false;
  #wake = (): void => {};

  constructor(stream: Readable) {
    this.#stream = stream;
    const over = (): void => {
      this.#over = true;
      this.#wake();
    };
    stream.once('end', over).once('close', over).on('error', over);
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.heard = true;
    if (this.#length > HELD) this.#stream.pause();
    this.#wake();
  }

  get length(): number {
    return this.#length;
  }

  /** Whether anything has ever come. */
  heard = false;

  /** Reads no more, until it is to go on. */
  sleep(asleep: boolean): void {
    this.#asleep = asleep;
    if (asleep) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Waits until more than so many bytes are there. Each that comes begins the time anew, up to the deadline. */
  async moreThan(length: number, ms: number, deadline: number): Promise<Wait> {
    while (this.#length <= length) {
      if (this.#over) return 'closed';
      const before = this.#length;
      const time = Math.min(ms, deadline - performance.now());
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, time));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (this.#length === before && !this.#over) return 'late';
    }
    return 'more';
  }

  /** The first chunk of what is there, or as much of it as is asked for; it stays there. */
  peek(most = Number.POSITIVE_INFINITY): Buffer {
    const [first] = this.#chunks;
    if (first === undefined) return Buffer.alloc(0);
    if (first.length >= most) return first.subarray(0, most);
    if (most < Number.POSITIVE_INFINITY && this.#chunks.length > 1) {
      this.#chunks = [Buffer.concat(this.#chunks)];
      return (this.#chunks[0] as Buffer).subarray(0, most);
    }
    return first;
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
    if (!this.#asleep && this.#length <= HELD) this.#stream.resume();
  }
}
