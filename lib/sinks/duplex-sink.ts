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
    if (!duplex.writable) {
      done(new Error('the connection is closed'));
    } else if (bytes.length === 1 && (bytes[0] as Buffer).length <= SMALL_WRITE_BYTES) {
      // A callback costs as much as the rest of the write, and is not needed if the kernel has taken all bytes.
      duplex.write(bytes[0]);
      if (duplex.writableLength === 0) done(duplex.errored);
      else duplex.write(EMPTY, done);
    } else {
      const last = bytes.length - 1;
      if (last > 0) duplex.cork();
      for (let i = 0; i < last; i++) duplex.write(bytes[i]);
      duplex.write(bytes[last], done);
      if (last > 0) duplex.uncork();
    }
  }

  finish(): void {
    this.#duplex.end();
  }

  fail(error: Error): void {
    this.#duplex.destroy(error);
  }
}
