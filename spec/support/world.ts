import { duplexPair } from 'node:stream';
import type { Clock, FileSystem, SpillHandle, World } from '../../lib/index.js';

/** An error as the system would make it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}

/** A file system in memory: how much it can hold, how it fails and how slow it is are for the spec to say. */
export class FakeFileSystem implements FileSystem {
  /** Bytes that fit in; past them writes are short, then fail with ENOSPC. */
  capacity = Number.POSITIVE_INFINITY;
  /** The most that one write takes, or one read gives. */
  atOnce = Number.POSITIVE_INFINITY;
  /** Errors that the next reads fail with, one each. */
  readErrors: Error[] = [];
  total = 1e12;
  type = 0xef53;
  /** What was asked of it, in order. */
  readonly calls: string[] = [];
  readonly directories = new Set<string>();
  openFiles = 0;
  /** Bytes in open files. */
  used = 0;
  /** Waited for by each write: a slow disk. */
  gate: Promise<void> = Promise.resolve();
  #made = 0;

  async mkdtemp(prefix: string): Promise<string> {
    this.calls.push(`mkdtemp ${prefix}`);
    const path = `${prefix}${this.#made++}`;
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
    return { type: this.type, bsize: 1, blocks: this.total, bavail: this.total - this.used };
  }

  #file(): SpillHandle {
    let content = Buffer.alloc(0);
    let size = 0;
    let closed = false;
    return {
      write: async (buffer, offset, length, position) => {
        await this.gate;
        if (closed) throw systemError('EBADF');
        // As node's own: a length beyond the end of a buffer is a mistake of who calls.
        if (offset + length > buffer.length) throw new RangeError('there are not so many bytes');
        const fits = Math.min(length, this.atOnce, this.capacity - this.used + size - position);
        if (fits <= 0) throw systemError('ENOSPC');
        const grown = Math.max(size, position + fits);
        this.used += grown - size;
        size = grown;
        // By doubling: to be copied at each write would take longer than all the rest of some specs.
        if (size > content.length) content = Buffer.concat([content], Math.max(size, 2 * content.length));
        content.set(buffer.subarray(offset, offset + fits), position);
        return { bytesWritten: fits };
      },
      read: async (buffer, offset, length, position) => {
        const error = this.readErrors.shift();
        if (error !== undefined) throw error;
        if (closed) throw systemError('EBADF');
        const bytes = content.subarray(position, Math.min(size, position + Math.min(length, this.atOnce)));
        buffer.set(bytes, offset);
        return { bytesRead: bytes.length };
      },
      close: async () => {
        closed = true;
        this.openFiles--;
        this.used -= size;
      },
    };
  }
}

/** A clock that stands until it is told to go on. Turns of the event loop are real. */
export class FakeClock implements Clock {
  time = 0;
  /** The date at which it began. */
  began = Date.UTC(2026, 0, 31, 12);
  #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  date(): number {
    return this.began + this.time;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + ms, callback };
    // What is due at once needs nobody to advance the clock.
    if (ms === 0) setImmediate(() => this.advance(0));
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  setImmediate(callback: () => void): void {
    setImmediate(callback);
  }

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

export interface FakeWorld extends World {
  readonly clock: FakeClock;
  readonly fs: FakeFileSystem;
}

export function fakeWorld(): FakeWorld {
  return { clock: new FakeClock(), fs: new FakeFileSystem() };
}

/** The two ends of a connection that holds next to nothing between them: who stops reading lags at once. */
export function narrow() {
  return duplexPair({ highWaterMark: 64 });
}
