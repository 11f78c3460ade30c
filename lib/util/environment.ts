import * as fs from 'node:fs/promises';
import { performance } from 'node:perf_hooks';

/** The longest time that a timer of Node can have, in milliseconds. Node replaces a longer time by 1 ms. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A clock, in milliseconds. */
export interface Clock {
  /** Monotonic time, for everything that is measured. */
  now(): number;
  /** Wall-clock time since 1970, for transcripts. */
  date(): number;
  /** Calls `callback` once after `ms`. The returned function cancels the call. */
  setTimer(ms: number, callback: () => void): () => void;
  /** Calls `callback` at the end of this turn of the event loop. */
  setImmediate(callback: () => void): void;
}

/** An open spill file. A subset of `FileHandle` of `node:fs/promises`. */
export interface SpillHandle {
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

/** The file system for spill files. A subset of `node:fs/promises`. */
export interface FileSystem {
  mkdtemp(prefix: string): Promise<string>;
  open(path: string, flags: string, mode: number): Promise<SpillHandle>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  readdir(path: string, options: { recursive: false }): Promise<string[]>;
  lstat(path: string): Promise<{ isDirectory(): boolean; readonly uid: number }>;
  access(path: string, mode: number): Promise<void>;
  statfs(path: string): Promise<{ type: number; bsize: number; blocks: number; bavail: number }>;
}

/** The environment of a relay. Specs replace it by a simulated one. Connections are passed to `relay.handle`. */
export interface Environment {
  /** The clock for timers and for the times in transcripts. */
  readonly clock: Clock;
  /** The file system for the part of the log that is written to disk. */
  readonly fs: FileSystem;
}

const clock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  setTimer(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  setImmediate: (callback) => void setImmediate(callback),
};

/** The environment of Node. */
export const nodeEnvironment: Environment = { clock, fs };
