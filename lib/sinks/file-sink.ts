import { close, writev } from 'node:fs';
import { dropBytes } from '../util/buffer-list.js';
import { type Clock, nodeEnvironment } from '../util/environment.js';
import type { Sink, SinkOptions } from './sink.js';

/** Delay before a write is retried to a terminal that is stopped with Ctrl-S, in ms. */
const TERMINAL_RETRY_MS = 20;
/** Delay before a failed write is retried, in ms. */
const RETRY_MS = 1000;
/** Default size of a write, in bytes. Longer writes on libuv's threads keep the event loop off its core. */
const WRITE_BYTES = 256 * 1024;

/** The part of `node:fs` that a file sink uses. */
export interface FileSystemCalls {
  writev(
    fd: number,
    chunks: readonly Buffer[],
    callback: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void;
  close(fd: number, callback: () => void): void;
}

export interface FileSinkOptions extends SinkOptions {
  readonly fd: number;
  /** Whether `fd` is closed with the sink. */
  readonly ownsDescriptor: boolean;
  /** Whether every error is retried, as suits a regular file. Otherwise only a full disk is. */
  readonly isRegularFile: boolean;
  /** Default: the system's clock and `node:fs`. */
  readonly clock?: Clock;
  readonly fs?: FileSystemCalls;
}

type Done = (error?: Error | null) => void;

/**
 * Writes to a file, a device or a terminal on libuv's threads. `process.stdout` writes to them from the event loop and
 * loses bytes when a disk accepts only a part of a write. The descriptor of a terminal must be non-blocking: otherwise a
 * stopped terminal would block a thread.
 */
export class FileSink implements Sink {
  readonly maxBytes: number;
  readonly #options: FileSinkOptions;
  readonly #clock: Clock;
  readonly #fs: FileSystemCalls;
  /** The bytes of the write in flight that are not written yet, and how many are. */
  #rest: readonly Buffer[] = [];
  #written = 0;
  #done: Done | null = null;
  #isRetrying = false;
  #isEnding = false;
  #cancelRetry: () => void = () => {};
  #inKernel: Promise<void> | null = null;
  #closed: Promise<number> | null = null;

  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? nodeEnvironment.clock;
    this.#fs = options.fs ?? { writev, close };
    this.maxBytes = options.maxBytes ?? WRITE_BYTES;
  }

  get isRetrying(): boolean {
    return this.#isRetrying;
  }

  write(chunks: readonly Buffer[], done: Done): void {
    this.#rest = chunks;
    this.#written = 0;
    this.#done = done;
    this.#try();
  }

  async end(last?: Buffer): Promise<void> {
    this.#isEnding = true;
    try {
      if (last === undefined) return;
      await new Promise<void>((resolve, reject) => {
        this.write([last], (error) => (error ? reject(error) : resolve()));
      });
    } finally {
      await this.destroy();
    }
  }

  destroy(): Promise<number> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<number> {
    this.#cancelRetry();
    this.#done = null;
    // A descriptor that is closed while a thread writes to it may belong to another file by then.
    await this.#inKernel;
    const { ownsDescriptor, fd } = this.#options;
    if (ownsDescriptor) this.#fs.close(fd, () => {});
    return this.#written;
  }

  #try(): void {
    this.#inKernel = new Promise((resolve) => {
      this.#fs.writev(this.#options.fd, this.#rest, (error, written) => {
        this.#inKernel = null;
        if (error === null) this.#onWritten(written);
        else this.#onError(error);
        resolve();
      });
    });
  }

  #onWritten(written: number): void {
    this.#written += written;
    this.#rest = dropBytes(this.#rest, written);
    const done = this.#done;
    if (done === null) return;
    if (this.#rest.length > 0) {
      this.#try();
      return;
    }
    if (this.#isRetrying) this.#options.onRecovered?.();
    this.#isRetrying = false;
    this.#done = null;
    done();
  }

  #onError(error: NodeJS.ErrnoException): void {
    const { isRegularFile, onRetry } = this.#options;
    const done = this.#done;
    if (done === null) return;
    const isStopped = error.code === 'EAGAIN';
    if (this.#isEnding || !(isStopped || isRegularFile || error.code === 'ENOSPC')) {
      this.#done = null;
      done(error);
      return;
    }
    if (!isStopped && !this.#isRetrying) {
      this.#isRetrying = true;
      onRetry?.(error);
    }
    this.#cancelRetry = this.#clock.setTimer(isStopped ? TERMINAL_RETRY_MS : RETRY_MS, () => this.#try());
  }
}
