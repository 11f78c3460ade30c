import type { FileSystem, SpillHandle } from '../../lib/index.js';
import { systemError } from '../support/fake-environment.js';

/**
 * A file system whose operations stay in progress until the schedule completes them, in any order. They take effect when
 * they complete: a write reads its buffer then, as Node's thread pool may.
 */
export class SimulatedDisk implements FileSystem {
  isFull = false;
  /** Whether writes and reads transfer only a part. */
  isShort = false;
  /** How many of the next operations of each kind fail. */
  readonly failures = { read: 0, write: 0, open: 0 };
  /** While the relay closes, a write in progress may find its file closed. */
  isClosing = false;
  openFiles = 0;
  /** Bytes in open files. */
  usedBytes = 0;
  readonly directories = new Set<string>();
  /** Writes to closed files and repeated closes, which must not happen. */
  readonly misuses: string[] = [];
  readonly #inProgress: (() => void)[] = [];
  readonly #files = new Set<string>();
  readonly #random: () => number;
  #createdDirectories = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  get operationsInProgress(): number {
    return this.#inProgress.length;
  }

  /** Completes one of the operations in progress. */
  complete(): void {
    const [operation] = this.#inProgress.splice(Math.floor(this.#random() * this.#inProgress.length), 1);
    operation?.();
  }

  mkdtemp(prefix: string): Promise<string> {
    return this.#begin(() => {
      this.#failIfDue('open', 'EMFILE');
      const path = `${prefix}${this.#createdDirectories++}`;
      this.directories.add(path);
      return path;
    });
  }

  open(path: string): Promise<SpillHandle> {
    return this.#begin(() => {
      this.#failIfDue('open', 'EMFILE');
      if (!this.directories.has(path.slice(0, path.lastIndexOf('/')))) throw systemError('ENOENT');
      if (this.#files.has(path)) throw systemError('EEXIST');
      this.#files.add(path);
      this.openFiles++;
      return this.#createFile();
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
    return this.#begin(() => ({ type: 0xef53, bsize: 1, blocks: 1e12, bavail: 1e12 - this.usedBytes }));
  }

  #begin<T>(act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#inProgress.push(() => {
        try {
          resolve(act());
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  #failIfDue(kind: keyof SimulatedDisk['failures'], code: string): void {
    if (this.failures[kind] === 0) return;
    this.failures[kind]--;
    throw systemError(code);
  }

  #transferred(length: number): number {
    return this.isShort ? Math.ceil(length * this.#random()) : length;
  }

  #createFile(): SpillHandle {
    let content = Buffer.alloc(0);
    let isClosed = false;
    /** Settles when the operations on this file have completed. A close waits for them. */
    let operations: Promise<unknown> = Promise.resolve();
    const begin = <T>(kind: 'read' | 'write', act: () => T): Promise<T> => {
      if (isClosed && kind === 'write' && !this.isClosing) this.misuses.push('a write to a closed file');
      if (isClosed) return this.#begin(() => Promise.reject(systemError('EBADF')) as never);
      const operation = this.#begin(act);
      operations = Promise.all([operations, operation.catch(() => {})]);
      return operation;
    };
    return {
      write: (buffer, offset, length, position) =>
        begin('write', () => {
          this.#failIfDue('write', 'EIO');
          if (this.isFull) throw systemError('ENOSPC');
          const bytesWritten = this.#transferred(length);
          const grown = Buffer.alloc(Math.max(content.length, position + bytesWritten));
          grown.set(content);
          grown.set(buffer.subarray(offset, offset + bytesWritten), position);
          this.usedBytes += grown.length - content.length;
          content = grown;
          return { bytesWritten };
        }),
      read: (buffer, offset, length, position) =>
        begin('read', () => {
          this.#failIfDue('read', 'EIO');
          const bytes = content.subarray(position, position + this.#transferred(length));
          buffer.set(bytes, offset);
          return { bytesRead: bytes.length };
        }),
      close: async () => {
        if (isClosed) this.misuses.push('a close of a closed file');
        isClosed = true;
        await operations;
        return this.#begin(() => {
          this.openFiles--;
          this.usedBytes -= content.length;
        });
      },
    };
  }
}
