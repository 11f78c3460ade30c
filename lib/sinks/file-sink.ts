import { close, fstat, ftruncate, writev } from 'node:fs';
import { promisify } from 'node:util';
import { dropBytes, findLastLineEnd } from '../util/buffer-list.js';
import type { Sink, SinkOptions, TruncatableFile, Withdrawn } from './sink.js';

/** How long to wait before it is tried again, in ms: a terminal that is held is nothing to wait long for. */
const HELD = 20;
const FAILED = 1000;
/** A write goes through another thread and back, and has to be worth it; a long one would keep the loop from its core. */
const MOST = 256 * 1024;

export interface FileSinkOptions extends SinkOptions {
  readonly fd: number;
  /** Whether `fd` is closed in the end. */
  readonly own: boolean;
  /** Of a regular file: its length. Whatever fails there may be mended, and is tried again. */
  readonly size?: number;
}

type Done = (error?: Error | null) => void;

/**
 * A file or a terminal, through libuv's threads: `process.stdout` writes both from the event loop, does not notice a
 * short write, and stands still with a terminal that is held with Ctrl-S. The descriptor of a terminal must be
 * non-blocking, or a held one keeps a thread.
 */
export class FileSink implements Sink, TruncatableFile {
  readonly maxBytes: number;
  #size: number;
  /** Where the last line ends that has an end, but for the write under way. */
  #line: number;
  readonly #options: FileSinkOptions;
  #rest: readonly Buffer[] = [];
  #written = 0;
  #chunks: readonly Buffer[] = [];
  #done: Done | null = null;
  #withdrawn: Done | null = null;
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> | null = null;
  #stuck = false;
  #closed = false;

  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.maxBytes = this.#options.maxBytes ?? MOST;
    this.#size = this.#options.size ?? 0;
    this.#line = this.#size;
  }

  get size(): number {
    return this.#size;
  }

  get isRetrying(): boolean {
    return this.#stuck;
  }

  write(chunks: readonly Buffer[], done: Done): void {
    this.#chunks = chunks;
    this.#rest = chunks;
    this.#written = 0;
    this.#done = done;
    this.#try();
  }

  async abortWrite(): Promise<Withdrawn> {
    clearTimeout(this.#timer);
    this.#withdrawn = this.#done;
    this.#done = null;
    await this.#busy;
    const start = this.#size - this.#written;
    const whole = findLastLineEnd(this.#chunks, this.#written);
    return { start, whole, line: whole > 0 ? start + whole : this.#line };
  }

  resume(): void {
    this.#done = this.#withdrawn;
    if (this.#rest.length > 0) this.#try();
    else this.#finish();
  }

  async cut(length: number): Promise<boolean> {
    const { fd, own, size } = this.#options;
    if (!own || size === undefined) return false;
    try {
      // Somebody else may have written to it.
      if ((await promisify(fstat)(fd)).size !== this.#size) return false;
      if (length !== this.#size) await promisify(ftruncate)(fd, length);
    } catch {
      return false;
    }
    this.#size = length;
    this.#line = length;
    return true;
  }

  async once(text: string): Promise<boolean> {
    const before = this.#size;
    const bytes = Buffer.from(text);
    const written = await new Promise<number>((resolve) => {
      writev(this.#options.fd, [bytes], (error, count) => resolve(error === null ? count : 0));
    });
    this.#size += written;
    if (written === bytes.length) return true;
    if (written > 0) await this.cut(before);
    return false;
  }

  async end(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#done = null;
    const { own, fd } = this.#options;
    // A descriptor that is closed while a thread writes to it may be another file's by then.
    if (own) void (this.#busy ?? Promise.resolve()).then(() => close(fd, () => {}));
  }

  #try(): void {
    this.#busy = new Promise((resolve) => {
      writev(this.#options.fd, this.#rest, (error, written) => {
        this.#busy = null;
        this.#tried(error, written ?? 0);
        resolve();
      });
    });
  }

  #tried(error: NodeJS.ErrnoException | null, written: number): void {
    this.#written += written;
    this.#size += written;
    this.#rest = dropBytes(this.#rest, written);
    if (error !== null) this.#failed(error);
    else if (this.#rest.length > 0) {
      if (this.#done !== null) this.#try();
    } else this.#finish();
  }

  #finish(): void {
    if (this.#stuck) this.#options.onRecovered?.();
    this.#stuck = false;
    const whole = findLastLineEnd(this.#chunks, this.#written);
    if (whole > 0) this.#line = this.#size - this.#written + whole;
    const done = this.#done;
    this.#done = null;
    done?.();
  }

  #failed(error: NodeJS.ErrnoException): void {
    const { size, onRetry: stuck } = this.#options;
    const held = error.code === 'EAGAIN';
    const done = this.#done;
    if (done === null) return;
    if (!held && size === undefined && error.code !== 'ENOSPC') {
      this.#done = null;
      done(error);
      return;
    }
    if (!held && !this.#stuck) {
      this.#stuck = true;
      stuck?.(error);
    }
    this.#timer = setTimeout(() => this.#try(), held ? HELD : FAILED);
  }
}
