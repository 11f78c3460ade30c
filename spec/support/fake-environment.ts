import { duplexPair } from 'node:stream';
import type { Clock, Environment, FileSystem, SpillHandle } from '../../lib/util/environment.js';

/** An error with a system error code. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/** A file system in memory. A spec decides how much fits, how it fails and how slow it is. */
export class FakeFileSystem implements FileSystem {
  /** Bytes that fit. Writes beyond are short, then fail with ENOSPC. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** The most that one write or read transfers. */
  maxTransferBytes = Number.POSITIVE_INFINITY;
  /** Errors for the next reads, one each. */
  readErrors: Error[] = [];
  totalBytes = 1e12;
  type = 0xef53;
  /** The calls so far, in order. */
  readonly calls: string[] = [];
  readonly directories = new Set<string>();
  openFiles = 0;
  /** Bytes in open files. */
  usedBytes = 0;
  /** Each write waits for this. */
  gate: Promise<void> = Promise.resolve();
  #createdDirectories = 0;

  async mkdtemp(prefix: string): Promise<string> {
    this.calls.push(`mkdtemp ${prefix}`);
    const path = `${prefix}${this.#createdDirectories++}`;
    this.directories.add(path);
    return path;
  }

  async open(path: string, flags: string, mode: number): Promise<SpillHandle> {
    this.calls.push(`open ${path} ${flags} ${mode.toString(8)}`);
    if (!this.directories.has(path.slice(0, path.lastIndexOf('/')))) throw systemError('ENOENT');
    this.openFiles++;
    return this.#file();
  }

  async unlink(path: string): Promise<void> {
    this.calls.push(`unlink ${path}`);
  }

  async rmdir(path: string): Promise<void> {
    this.calls.push(`rmdir ${path}`);
    this.directories.delete(path);
  }

  async readdir(): Promise<string[]> {
    return [];
  }

  async lstat(path: string) {
    return { isDirectory: () => this.directories.has(path), uid: process.getuid?.() ?? -1 };
  }

  async access(): Promise<void> {}

  async statfs() {
    this.calls.push('statfs');
    return {
      type: this.type,
      bsize: 1,
      blocks: this.totalBytes,
      bavail: this.totalBytes - this.usedBytes,
    };
  }

  #file(): SpillHandle {
    let content = Buffer.alloc(0);
    let size = 0;
    let isClosed = false;
    return {
      write: async (buffer, offset, length, position) => {
        await this.gate;
        if (isClosed) throw systemError('EBADF');
        // node:fs rejects this as well.
        if (offset + length > buffer.length)
          throw new RangeError('the length is beyond the end of the buffer');
        const bytesWritten = Math.min(
          length,
          this.maxTransferBytes,
          this.capacityBytes - this.usedBytes + size - position,
        );
        if (bytesWritten <= 0) throw systemError('ENOSPC');
        const newSize = Math.max(size, position + bytesWritten);
        this.usedBytes += newSize - size;
        size = newSize;
        // Doubled, because a copy for each write would dominate the time of some specs.
        if (size > content.length) content = Buffer.concat([content], Math.max(size, 2 * content.length));
        content.set(buffer.subarray(offset, offset + bytesWritten), position);
        return { bytesWritten };
      },
      read: async (buffer, offset, length, position) => {
        const error = this.readErrors.shift();
        if (error !== undefined) throw error;
        if (isClosed) throw systemError('EBADF');
        const end = Math.min(size, position + Math.min(length, this.maxTransferBytes));
        const bytes = content.subarray(position, end);
        buffer.set(bytes, offset);
        return { bytesRead: bytes.length };
      },
      close: async () => {
        isClosed = true;
        this.openFiles--;
        this.usedBytes -= size;
      },
    };
  }
}

/** A clock that moves only when it is advanced. `setImmediate` is real. */
export class FakeClock implements Clock {
  time = 0;
  /** The date at time 0, in milliseconds since 1970. */
  startDate = Date.UTC(2026, 0, 31, 12);
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  date(): number {
    return this.startDate + this.time;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, callback };
    // A timer of 0 ms is due without the clock being advanced.
    if (ms === 0) setImmediate(() => this.advance(0));
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  setImmediate(callback: () => void): void {
    setImmediate(callback);
  }

  /** The number of timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.time += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at <= this.time && this.#timers.delete(timer)) timer.callback();
    }
  }
}

export interface FakeEnvironment extends Environment {
  readonly clock: FakeClock;
  readonly fs: FakeFileSystem;
}

export function fakeEnvironment(): FakeEnvironment {
  return { clock: new FakeClock(), fs: new FakeFileSystem() };
}

/** The two ends of a connection that buffers next to nothing, so that a client that stops reading lags at once. */
export function narrowPair() {
  return duplexPair({ highWaterMark: 64 });
}
