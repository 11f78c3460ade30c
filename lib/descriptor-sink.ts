import { close, constants, fstat, open, type Stats, write } from 'node:fs';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';

/** How long to wait before a full disk, or a terminal that is held, is tried again, in ms. */
const RETRY = { ENOSPC: 1000, EDQUOT: 1000, EAGAIN: 20 };

/**
 * A Writable over an open file descriptor that never blocks the event loop and never loses a byte in silence, as
 * `process.stdout` may: a file there is written synchronously and a short write is not noticed, and a terminal
 * that is held with Ctrl-S stops the whole process.
 */
export async function descriptorSink(fd: number): Promise<Writable> {
  const stat: Stats = await promisify(fstat)(fd);
  if (stat.isFIFO() || stat.isSocket()) return new Socket({ fd, readable: false, writable: true });
  if (!isatty(fd)) return new DescriptorSink(fd, false);
  // Opened anew, so that it can be non-blocking without making it so for the other programs on this terminal.
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const own = await promisify(open)(`/dev/fd/${fd}`, flags).catch(() => undefined);
  return own === undefined ? new DescriptorSink(fd, false) : new DescriptorSink(own, true);
}

class DescriptorSink extends Writable {
  readonly #fd: number;
  readonly #owned: boolean;
  #retry: NodeJS.Timeout | undefined;

  constructor(fd: number, owned: boolean) {
    super();
    this.#fd = fd;
    this.#owned = owned;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (chunk.length === 0) {
      callback();
      return;
    }
    write(this.#fd, chunk, 0, chunk.length, null, (error, written) => {
      if (error === null) {
        this._write(chunk.subarray(written), _encoding, callback);
        return;
      }
      const delay = RETRY[error.code as keyof typeof RETRY];
      if (delay === undefined) callback(error);
      else this.#retry = setTimeout(() => this._write(chunk, _encoding, callback), delay);
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#retry);
    if (this.#owned) close(this.#fd, () => callback(error));
    else callback(error);
  }
}
