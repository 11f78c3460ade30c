import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

function reset(): Error {
  return Object.assign(new Error('read ECONNRESET: simulated'), { code: 'ECONNRESET' });
}

/**
 * A connection, seen from the relay's end as a socket and from the client's as what the kernel holds for it. Both
 * directions have a buffer that moves only when the schedule says so. As with a socket, what the relay writes may
 * be the log's own memory until the write has been called back, and a RST is noticed only by one who reads or writes.
 */
export class Connection extends Duplex {
  /** What the client has sent and the relay has not read. */
  inbound = Buffer.alloc(0);
  /** How many lines the relay has been given the end of. */
  linesRead = 0;
  /** What the relay has written and the client has not read. */
  outbound: Buffer[] = [];
  #outboundBytes = 0;
  readonly #capacity: number;
  #wants = false;
  #saidEnd = false;
  #reset = false;
  #writing: { bytes: Buffer; done: Done } | null = null;
  /** The relay has sent its FIN, behind all that it wrote. */
  finished = false;
  /** The relay has closed it while bytes of the client's were unread: the kernel answers with a RST. */
  aborted = false;

  constructor(capacity: number) {
    // As a socket is made; the relay has its own mind about that.
    super({ allowHalfOpen: false });
    this.#capacity = capacity;
    // It takes what it is lent as a socket does, and so is to be lent it.
    Object.defineProperty(this, 'constructor', { value: Socket });
  }

  // The client's end.

  send(bytes: Buffer): void {
    this.inbound = Buffer.concat([this.inbound, bytes]);
  }

  fin(): void {
    this.#saidEnd = true;
  }

  rst(): void {
    this.#reset = true;
    this.inbound = Buffer.alloc(0);
    this.outbound = [];
    if (this.#writing !== null) this.#break();
  }

  /** Up to so many bytes of what the relay wrote. */
  receive(most: number): Buffer {
    const all = Buffer.concat(this.outbound);
    const taken = all.subarray(0, most);
    this.outbound = taken.length < all.length ? [all.subarray(taken.length)] : [];
    this.#outboundBytes -= taken.length;
    this.#move();
    return taken;
  }

  // The network.

  /** Whether there is something that the relay would be given if it came to that. */
  get deliverable(): boolean {
    return !this.destroyed && this.#wants && (this.#reset || this.inbound.length > 0 || this.#saidEnd);
  }

  /** Gives the relay up to so many bytes, the end, or the news that there will be no more. */
  deliver(most: number): void {
    if (!this.deliverable) return;
    if (this.#reset) {
      this.#break();
    } else if (this.inbound.length > 0) {
      const chunk = this.inbound.subarray(0, most);
      this.inbound = this.inbound.subarray(chunk.length);
      this.#wants = false;
      this.linesRead += chunk.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
      this.push(Buffer.from(chunk));
    } else {
      this.#wants = false;
      this.#saidEnd = false;
      this.push(null);
    }
  }

  // The relay's end.

  override _read(): void {
    this.#wants = true;
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#reset) {
      done(reset());
      return;
    }
    this.#writing = { bytes, done };
    this.#move();
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    // The log's memory is looked at when it is moved, and not before.
    if (chunks.length === 1) this._write((chunks[0] as { chunk: Buffer }).chunk, 'latin1', done);
    else
      this.#writeAll(
        chunks.map(({ chunk }) => chunk),
        done,
      );
  }

  override _final(done: Done): void {
    this.finished = true;
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.aborted = this.inbound.length > 0;
    this.#writing = null;
    done(error);
  }

  #writeAll([first, ...rest]: Buffer[], done: Done): void {
    if (first === undefined) {
      done();
      return;
    }
    this._write(first, 'latin1', (error) => {
      if (error) done(error);
      else this.#writeAll(rest, done);
    });
  }

  /** From the relay into the kernel, as much as there is room for. */
  #move(): void {
    if (this.#writing === null) return;
    const { bytes, done } = this.#writing;
    const moved = bytes.subarray(0, Math.max(0, this.#capacity - this.#outboundBytes));
    if (moved.length > 0) this.outbound.push(Buffer.from(moved));
    this.#outboundBytes += moved.length;
    if (moved.length < bytes.length) {
      this.#writing = { bytes: bytes.subarray(moved.length), done };
    } else {
      this.#writing = null;
      done();
    }
  }

  #break(): void {
    this.#writing = null;
    this.destroy(reset());
  }
}
