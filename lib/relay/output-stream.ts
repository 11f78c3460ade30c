import { Readable } from 'node:stream';
import type { Destination } from '../fanout/reader.js';
import { Reader, type ReaderOptions } from '../fanout/reader.js';
import { NO_OWNER } from '../fanout/segment-index.js';
import { ownOptions } from '../util/own-options.js';

/** How much is taken from the log ahead of whoever reads it, in bytes: several blocks, so that a file keeps up. */
const BUFFERED = 1024 * 1024;

/**
 * The transcript as a Readable of bytes: all that is said from its making on. Each has a cursor of its own; one
 * that is not read holds up nobody. Piped a second time it makes a second reader of the room, so that two
 * destinations never share a pace. When what it is piped to is closed, it is destroyed, since most often nobody
 * could do that any more; `unpipe` first to pipe it to something else.
 */
export class OutputStream extends Readable {
  readonly #reader: Reader;
  readonly #another: () => OutputStream;
  #done: ((error?: Error | null) => void) | null = null;
  #destination: NodeJS.WritableStream | null = null;
  /** The outputs of the destinations beyond the first. */
  readonly #others = new Map<NodeJS.WritableStream, OutputStream>();

  constructor(options: ReaderOptions, another: () => OutputStream) {
    super(ownOptions({ highWaterMark: BUFFERED }));
    this.#another = another;
    const destination: Destination = {
      maxBytes: undefined,
      wantsTimes: false,
      send: (bytes, done) => {
        // The log's bytes are only lent.
        if (this.push(Buffer.concat(bytes))) done();
        else this.#done = done;
      },
      finish: () => void this.push(null),
      // The operator has been warned; nobody may be listening here.
      fail: (error) => void this.destroy(this.listenerCount('error') > 0 ? error : undefined),
    };
    this.#reader = new Reader(destination, NO_OWNER, options);
  }

  get reader(): Reader {
    return this.#reader;
  }

  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    if (this.#destination === null) {
      this.#destination = destination;
      super.pipe(destination, options);
      // After pipe()'s own listener, which unpipes.
      destination.once('close', this.#abandoned);
      return destination;
    }
    const other = this.#another();
    this.#others.set(destination, other);
    other.once('close', () => {
      // Another may have taken its place meanwhile.
      if (this.#others.get(destination) === other) this.#others.delete(destination);
    });
    return other.pipe(destination, options);
  }

  override unpipe(destination?: NodeJS.WritableStream): this {
    const first = this.#destination;
    super.unpipe(destination);
    if (first !== null && (destination === undefined || destination === first)) {
      this.#destination = null;
      // A destination that has failed is unpiped, too: then its 'close' is still to come.
      if (first.writable) first.off('close', this.#abandoned);
    }
    for (const [piped, other] of this.#others) {
      if (destination === undefined || destination === piped) other.destroy();
    }
    return this;
  }

  readonly #abandoned = (): void => {
    const isRead = this.listenerCount('data') > 0 || this.listenerCount('readable') > 0;
    if (this.#destination === null && !isRead) this.destroy();
  };

  override _read(): void {
    const done = this.#done;
    this.#done = null;
    done?.();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#reader.stop();
    for (const other of this.#others.values()) other.destroy();
    callback(error);
  }
}
