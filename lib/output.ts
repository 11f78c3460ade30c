import { Readable } from 'node:stream';
import type { Destination } from './reader.js';
import { Reader, type ReaderOptions } from './reader.js';

/** How much is taken from the log ahead of whoever reads it, in bytes: several blocks, so that a file keeps up. */
const BUFFERED = 1024 * 1024;

/**
 * The transcript as a Readable of bytes: all that is said from its making on. Each has a cursor of its own; one
 * that is not read holds up nobody. Piped a second time it makes a second reader of the room, so that two
 * destinations never share a pace.
 */
export class Output extends Readable {
  readonly #reader: Reader;
  readonly #another: () => Output;
  #done: ((error?: Error | null) => void) | null = null;
  #piped = false;

  constructor(options: Omit<ReaderOptions, 'destination'>, another: () => Output) {
    super({ highWaterMark: BUFFERED });
    this.#another = another;
    const destination: Destination = {
      send: (bytes, done) => {
        // The log's bytes are only lent.
        if (this.push(Buffer.concat(bytes))) done();
        else this.#done = done;
      },
      finish: () => void this.push(null),
      fail: (error) => void this.destroy(error),
    };
    this.#reader = new Reader({ ...options, destination });
  }

  get reader(): Reader {
    return this.#reader;
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    if (this.#piped) return this.#another().pipe(destination, options);
    this.#piped = true;
    return super.pipe(destination, options);
  }

  override _read(): void {
    const done = this.#done;
    this.#done = null;
    done?.();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#reader.stop();
    callback(error);
  }
}
