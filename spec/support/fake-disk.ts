import type { FileSystemCalls } from '../../lib/sinks/file-sink.js';
import { systemError } from './fake-environment.js';

/** Files in memory, on a disk of limited size. When it is nearly full, writes are short; then they fail with ENOSPC. */
export class FakeDisk implements FileSystemCalls {
  freeBytes = Number.POSITIVE_INFINITY;
  /** Bytes that single files may still grow by. */
  readonly limits = new Map<number, number>();
  /** Limit of what one write takes, in bytes. */
  maxWriteBytes = Number.POSITIVE_INFINITY;
  /** Errors of the next writes, in order. */
  readonly errors: Error[] = [];
  /** Waited for by each write. */
  gate: Promise<void> = Promise.resolve();
  readonly closed: number[] = [];
  readonly #files: Buffer[][] = [];

  open(): number {
    return this.#files.push([]) - 1;
  }

  content(fd: number): Buffer {
    return Buffer.concat(this.#files[fd] as Buffer[]);
  }

  writev(
    fd: number,
    chunks: readonly Buffer[],
    callback: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void {
    void this.gate.then(() => {
      setImmediate(() => {
        const bytes = Buffer.concat(chunks);
        const error = this.errors.shift();
        const limit = this.limits.get(fd) ?? Number.POSITIVE_INFINITY;
        const fits = Math.min(bytes.length, this.freeBytes, limit, this.maxWriteBytes);
        if (error !== undefined) callback(error, 0);
        else if (fits <= 0) callback(systemError('ENOSPC'), 0);
        else {
          this.#files[fd]?.push(bytes.subarray(0, fits));
          this.freeBytes -= fits;
          this.limits.set(fd, limit - fits);
          callback(null, fits);
        }
      });
    });
  }

  close(fd: number): void {
    this.closed.push(fd);
  }
}
