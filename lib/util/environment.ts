import * as fs from 'node:fs/promises';
import { performance } from 'node:perf_hooks';

/** Time as the core sees it, in milliseconds. */
export interface Clock {
  /** Monotonic: what the core goes by. */
  now(): number;
  /** Since 1970, by the clock on the wall: what transcripts say. */
  date(): number;
  /** Calls back once after `ms`; the returned function takes that back. */
  setTimer(ms: number, callback: () => void): () => void;
  /** Calls back at the end of this turn of the event loop. */
  setImmediate(callback: () => void): void;
}

/** An open file of the spill, as `node:fs/promises` has it. */
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

/** The part of `node:fs/promises` that the spill uses. */
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

/** The outside world of the core: a simulation hands in its own. Connections come in by `relay.handle`. */
export interface Environment {
  readonly clock: Clock;
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

/** The real one. */
export const nodeEnvironment: Environment = { clock, fs };
