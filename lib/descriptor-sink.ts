import { close, constants, fstat, open, writev } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { duplexDestination } from './duplex-destination.js';
import { escaper } from './escape.js';
import type { Destination } from './reader.js';

/** How long to wait before a full disk, or a terminal that is held, is tried again, in ms. */
const RETRY = { ENOSPC: 1000, EDQUOT: 1000, EAGAIN: 20 };
/** A write to a file goes through another thread and back: it has to be worth it. */
const MOST = 4 * 1024 * 1024;
/** A terminal shows it to somebody, and grows it by escaping: no more than can be looked at. */
const TERMINAL_MOST = 16 * 1024;

/** A destination that is a file, a pipe or a terminal. */
export interface Sink extends Destination {
  /** Resolved when all has been written, or `destroy` was called; rejected if it is given up. */
  readonly finished: Promise<void>;
  destroy(): void;
}

/**
 * An open file descriptor as a destination that never blocks the event loop and never loses a byte in silence, as
 * `process.stdout` may: a file there is written synchronously and a short write is not noticed, and a terminal
 * that is held with Ctrl-S stops the whole process.
 */
export async function descriptorSink(fd: number): Promise<Sink> {
  const stat = await promisify(fstat)(fd);
  if (stat.isFIFO() || stat.isSocket()) return pipeSink(fd);
  if (!isatty(fd)) return fileSink(fd, () => {});
  // Opened anew, so that it can be non-blocking without making it so for the other programs on this terminal.
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const own = await promisify(open)(`/dev/fd/${fd}`, flags).catch(() => undefined);
  return escaped(own === undefined ? fileSink(fd, () => {}) : fileSink(own, () => close(own, () => {})));
}

/** What a person sees must not do anything to the terminal that it is seen on. */
function escaped(sink: Sink): Sink {
  const toText = escaper();
  return {
    ...sink,
    most: TERMINAL_MOST,
    send: (bytes, done) => sink.send([Buffer.from(toText(Buffer.concat(bytes)))], done),
  };
}

function pipeSink(fd: number): Sink {
  const socket = new Socket({ fd, readable: false, writable: true });
  const finished = new Promise<void>((resolve, reject) => {
    socket.once('finish', resolve);
    socket.once('error', reject);
    socket.once('close', resolve);
  });
  return { ...duplexDestination(socket), finished, destroy: () => void socket.destroy() };
}

function fileSink(fd: number, closeIt: () => void): Sink {
  const { promise: finished, resolve, reject } = withResolvers();
  let retry: NodeJS.Timeout | undefined;
  let open = true;
  const end = (settle: () => void): void => {
    if (!open) return;
    open = false;
    clearTimeout(retry);
    closeIt();
    settle();
  };
  const writeAll = (chunks: readonly Buffer[], done: (error?: Error) => void): void => {
    if (!open) return;
    writev(fd, chunks, (error, written) => {
      const delay = error === null ? undefined : RETRY[error.code as keyof typeof RETRY];
      if (error === null) {
        const rest = drop(chunks, written);
        if (rest.length === 0) done();
        else writeAll(rest, done);
      } else if (delay !== undefined) {
        if (open) retry = setTimeout(() => writeAll(chunks, done), delay);
      } else {
        end(() => reject(error));
        done(error);
      }
    });
  };
  return {
    most: MOST,
    send: writeAll,
    finish: () => end(resolve),
    fail: (error) => end(() => reject(error)),
    finished,
    destroy: () => end(resolve),
  };
}

/** What is left to write when the first `written` bytes are. */
function drop(chunks: readonly Buffer[], written: number): Buffer[] {
  let left = written;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    if (left < chunk.length) rest.push(left === 0 ? chunk : chunk.subarray(left));
    left = Math.max(0, left - chunk.length);
  }
  return rest;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => {};
  let reject = (_error: Error): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
