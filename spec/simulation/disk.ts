import type { FileSystem, SpillHandle } from '../../lib/index.js';

/** An error as the system would make it. */
function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/**
 * A file system whose every operation is under way until the schedule lets it come to its end, in whatever order
 * that is. What it does, it does then: a write reads its buffer when it is done, as the thread pool may.
 */
export class SimulatedDisk implements FileSystem {
  /** Nothing more fits. */
  full = false;
  /** Writes and reads do only a part of what they are asked for. */
  short = false;
  /** How many of the next operations of that kind fail. */
  readonly failures = { read: 0, write: 0, open: 0 };
  /** The relay is being closed: a spill under way may find its file closed, and leaves it at that. */
  closing = false;
  openFiles = 0;
  /** Bytes in open files. */
  used = 0;
  readonly directories = new Set<string>();
  /** What was done to it that nobody may do: a file written or closed that was closed already. */
  readonly misuses: string[] = [];
  /** Operations under way. */
  readonly #under: (() => void)[] = [];
  readonly #files = new Set<string>();
  readonly #random: () => number;
  #made = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Operations under way. */
  get busy(): number {
    return this.#under.length;
  }

  /** One of the operations under way comes to its end. */
  complete(): void {
    const [one] = this.#under.splice(Math.floor(this.#random() * this.#under.length), 1);
    one?.();
  }

  mkdtemp(prefix: string): Promise<string> {
    return this.#begin(() => {
      this.#fail('open', 'EMFILE');
      const path = `${prefix}${this.#made++}`;
      this.directories.add(path);
      return path;
    });
  }

  open(path: string): Promise<SpillHandle> {
    return this.#begin(() => {
      this.#fail('open', 'EMFILE');
      if (!this.directories.has(path.slice(0, path.lastIndexOf('/')))) throw systemError('ENOENT');
      if (this.#files.has(path)) throw systemError('EEXIST');
      this.#files.add(path);
      this.openFiles++;
      return this.#file();
    });
  }

  unlink(path: string): Promise<void> {
    return this.#begin(() => {
      if (!this.#files.delete(path)) throw systemError('ENOENT');
    });
  }

  rmdir(path: string): Promise<void> {
    return this.#begin(() => {
      if ([...this.#files].some((file) => file.startsWith(`${path}/`))) throw systemError('ENOTEMPTY');
      if (!this.directories.delete(path)) throw systemError('ENOENT');
    });
  }

  readdir(): Promise<string[]> {
    return this.#begin(() => []);
  }

  lstat(): Promise<never> {
    return this.#begin(() => {
      throw systemError('ENOENT');
    });
  }

  access(): Promise<void> {
    return this.#begin(() => {});
  }

  statfs() {
    return this.#begin(() => ({ type: 0xef53, bsize: 1, blocks: 1e12, bavail: 1e12 - this.used }));
  }

  #begin<T>(act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#under.push(() => {
        try {
          resolve(act());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  #fail(kind: keyof SimulatedDisk['failures'], code: string): void {
    if (this.failures[kind] === 0) return;
    this.failures[kind]--;
    throw systemError(code);
  }

  #part(length: number): number {
    return this.short ? Math.ceil(length * this.#random()) : length;
  }

  #file(): SpillHandle {
    let content = Buffer.alloc(0);
    let closed = false;
    /** Operations on it that are under way: its closing waits for them. */
    let under: Promise<unknown> = Promise.resolve();
    const begin = <T>(what: string, act: () => T): Promise<T> => {
      if (closed && what !== 'read' && !this.closing) this.misuses.push(`a ${what} of a closed file`);
      if (closed) return this.#begin(() => Promise.reject(systemError('EBADF')) as never);
      const begun = this.#begin(act);
      under = Promise.all([under, begun.catch(() => {})]);
      return begun;
    };
    return {
      write: (buffer, offset, length, position) =>
        begin('write', () => {
          this.#fail('write', 'EIO');
          if (this.full) throw systemError('ENOSPC');
          const bytesWritten = this.#part(length);
          const grown = Buffer.alloc(Math.max(content.length, position + bytesWritten));
          grown.set(content);
          grown.set(buffer.subarray(offset, offset + bytesWritten), position);
          this.used += grown.length - content.length;
          content = grown;
          return { bytesWritten };
        }),
      read: (buffer, offset, length, position) =>
        begin('read', () => {
          this.#fail('read', 'EIO');
          const bytes = content.subarray(position, position + this.#part(length));
          buffer.set(bytes, offset);
          return { bytesRead: bytes.length };
        }),
      close: async () => {
        if (closed) this.misuses.push('a close of a closed file');
        closed = true;
        await under;
        return this.#begin(() => {
          this.openFiles--;
          this.used -= content.length;
        });
      },
    };
  }
}
