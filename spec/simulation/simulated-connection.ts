import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

type Done = (error?: Error | null) => void;

const NEWLINE = 10;

function resetError(): Error {
  return Object.assign(new Error('read ECONNRESET: simulated'), { code: 'ECONNRESET' });
}

/**
 * A connection: for the relay a socket, for the client the buffers of the kernel in both directions. Data moves only when
 * the schedule says so. As with a real socket, a write may use the log's memory until its callback, and a RST is noticed
 * only by a read or a write.
 */
export class SimulatedConnection extends Duplex {
  /** Bytes that the client has sent and the relay has not read. */
  inbound = Buffer.alloc(0);
  /** Newlines that the relay has read. */
  linesRead = 0;
  /** Bytes that the relay has written and the client has not read. */
  outbound: Buffer[] = [];
  #outboundBytes = 0;
  readonly #capacityBytes: number;
  #wantsData = false;
  #hasFin = false;
  #isReset = false;
  #writing: { bytes: Buffer; done: Done } | null = null;

  /** @param capacityBytes the kernel's buffer for what the relay writes */
  constructor(capacityBytes: number) {
    // The default of net.Socket, which the relay has to change.
    super({ allowHalfOpen: false });
    this.#capacityBytes = capacityBytes;
    // The relay lends its memory only to sockets.
    Object.defineProperty(this, 'constructor', { value: Socket });
  }

  // The client's side.

  sendBytes(bytes: Buffer): void {
    this.inbound = Buffer.concat([this.inbound, bytes]);
  }

  sendFin(): void {
    this.#hasFin = true;
  }

  sendRst(): void {
    this.#isReset = true;
    this.inbound = Buffer.alloc(0);
    this.outbound = [];
    if (this.#writing !== null) this.#break();
  }

  /** Takes up to `maxBytes` of the outbound bytes. */
  receive(maxBytes: number): Buffer {
    const all = Buffer.concat(this.outbound);
    const taken = all.subarray(0, maxBytes);
    this.outbound = taken.length < all.length ? [all.subarray(taken.length)] : [];
    this.#outboundBytes -= taken.length;
    this.#moveToKernel();
    return taken;
  }

  // The network.

  /** Whether `deliver` would give the relay anything. */
  get isDeliverable(): boolean {
    return !this.destroyed && this.#wantsData && (this.#isReset || this.inbound.length > 0 || this.#hasFin);
  }

  /** Gives the relay up to `maxBytes`, the FIN or the RST. */
  deliver(maxBytes: number): void {
    if (!this.isDeliverable) return;
    if (this.#isReset) {
      this.#break();
    } else if (this.inbound.length > 0) {
      const chunk = this.inbound.subarray(0, maxBytes);
      this.inbound = this.inbound.subarray(chunk.length);
      this.#wantsData = false;
      this.linesRead += chunk.reduce((sum, byte) => sum + (byte === NEWLINE ? 1 : 0), 0);
      this.push(Buffer.from(chunk));
    } else {
      this.#wantsData = false;
      this.#hasFin = false;
      this.push(null);
    }
  }

  // The relay's side.

  override _read(): void {
    this.#wantsData = true;
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#isReset) {
      done(resetError());
      return;
    }
    this.#writing = { bytes, done };
    this.#moveToKernel();
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    const buffers = chunks.map(({ chunk }) => chunk);
    this.#writeAll(buffers, done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#writing = null;
    done(error);
  }

  /** Writes one buffer after another, and reads the log's memory only when it is moved to the kernel. */
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

  #moveToKernel(): void {
    if (this.#writing === null) return;
    const { bytes, done } = this.#writing;
    const moved = bytes.subarray(0, Math.max(0, this.#capacityBytes - this.#outboundBytes));
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
    this.destroy(resetError());
  }
}
