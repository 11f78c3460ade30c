import type { Duplex } from 'node:stream';
import type { Destination } from '../fanout/destination.js';

/** Up to this size a write gets no callback of its own if the kernel takes it at once, in bytes. */
const SMALL_WRITE_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);

/** Writes the log's own buffers to a socket, or to a Duplex that does not use them after it has called back. */
export class DuplexSink implements Destination {
  readonly #duplex: Duplex;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
  }

  send(bytes: readonly Buffer[], done: (error?: Error | null) => void): void {
    const duplex = this.#duplex;
    const [first] = bytes;
    if (!duplex.writable) {
      done(new Error('the connection is closed'));
    } else if (first === undefined) {
      // Called back after everything that was written before.
      duplex.write(EMPTY, done);
    } else if (bytes.length === 1 && first.length <= SMALL_WRITE_BYTES) {
      if (this.offer(first) || duplex.errored !== null) done(duplex.errored);
      else duplex.write(EMPTY, done);
    } else {
      const last = bytes.length - 1;
      if (last > 0) duplex.cork();
      for (let i = 0; i < last; i++) duplex.write(bytes[i]);
      duplex.write(bytes[last], done);
      if (last > 0) duplex.uncork();
    }
  }

  /** Writes without a callback, which costs as much as the rest of the write, and is not needed if the kernel takes all bytes. */
  offer(bytes: Buffer): boolean {
    const duplex = this.#duplex;
    if (duplex.writable) duplex.write(bytes);
    return duplex.writable && duplex.writableLength === 0 && duplex.errored === null;
  }

  finish(): void {
    this.#duplex.end();
  }

  fail(error: Error): void {
    this.#duplex.destroy(error);
  }
}
