import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Destination } from '../fanout/destination.js';

/** What the kernel takes at once of so few bytes is all that there was to say, for now. */
const SMALL = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * A client's connection as a reader's destination. A socket hands the bytes to the kernel and so may share the
 * log's; any other Duplex may keep what it is given, and gets a copy.
 */
export class DuplexSink implements Destination {
  readonly #duplex: Duplex;
  readonly #shares: boolean;

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
    this.#shares = duplex.constructor === Socket;
  }

  send(bytes: readonly Buffer[], done: (error?: Error | null) => void): void {
    const duplex = this.#duplex;
    if (!duplex.writable) {
      done(new Error('the connection is gone'));
    } else if (!this.#shares) {
      duplex.write(Buffer.concat(bytes), done);
    } else if (bytes.length === 1 && (bytes[0] as Buffer).length <= SMALL) {
      // A callback costs as much as all else that Node does for a write. Where the kernel has taken all, none is needed.
      duplex.write(bytes[0]);
      if (duplex.writableLength === 0) done(duplex.errored);
      else duplex.write(NOTHING, done);
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
