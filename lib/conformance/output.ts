import type { Readable } from 'node:stream';

/** More than this is thrown away, so that a server that floods its output harms nobody. In bytes. */
const KEPT = 64 * 1024;

/** What a process has written: its beginning and its end. It is always read, so that nothing holds the process up. */
export class Output {
  #first: Buffer = Buffer.alloc(0);
  #last: Buffer = Buffer.alloc(0);
  #length = 0;
  readonly closed: Promise<void>;

  constructor(stream: Readable) {
    this.closed = new Promise((resolve) => stream.once('close', () => resolve()));
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      this.#length += chunk.length;
      if (this.#first.length < KEPT) this.#first = Buffer.concat([this.#first, chunk]).subarray(0, KEPT);
      this.#last = Buffer.concat([this.#last, chunk.subarray(-KEPT)]).subarray(-KEPT);
    });
  }

  /** All of it, if that is not too much. */
  get bytes(): Buffer {
    return this.#first;
  }

  get length(): number {
    return this.#length;
  }

  /** The last lines of it. */
  lines(count: number): string[] {
    return this.#last.toString('latin1').trimEnd().split('\n').slice(-count).filter(Boolean);
  }
}
