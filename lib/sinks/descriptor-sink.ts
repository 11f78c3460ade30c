import { constants, fstatSync, open, type Stats, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { tryCall } from '../util/try-call.js';
import { FileSink } from './file-sink.js';
import { pipeSink } from './pipe-sink.js';
import type { Sink, SinkOptions } from './sink.js';

/** Size of a write to a terminal, in bytes: small, because escaping multiplies it and a person reads the text. */
export const TERMINAL_WRITE_BYTES = 16 * 1024;

export interface OpenDescriptor {
  readonly sink: Sink;
  /** Whether a person looks at it, so that control characters must be made visible. */
  readonly isTerminal: boolean;
}

/**
 * Opens a sink on a file descriptor of any kind: file, pipe, socket, terminal or device.
 *
 * @throws the system's error if there is no such descriptor (`EBADF`)
 */
export async function openDescriptor(fd: number, options: SinkOptions = {}): Promise<OpenDescriptor> {
  const status = fstatSync(fd);
  if (status.isFIFO() || status.isSocket()) return { sink: pipeSink(fd), isTerminal: false };
  if (isDevNull(status)) return { sink: NULL_SINK, isTerminal: false };
  if (!isatty(fd)) {
    const file = { ...options, fd, ownsDescriptor: false, isRegularFile: status.isFile() };
    return { sink: new FileSink(file), isTerminal: false };
  }
  // Opened again to make it non-blocking without making it so for the other programs on this terminal.
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const own = await promisify(open)(`/dev/fd/${fd}`, flags).catch(() => undefined);
  const terminal = {
    ...options,
    fd: own ?? fd,
    ownsDescriptor: own !== undefined,
    isRegularFile: false,
    maxBytes: TERMINAL_WRITE_BYTES,
  };
  return { sink: new FileSink(terminal), isTerminal: true };
}

/** Stands for /dev/null: discards bytes without a system call. */
export const NULL_SINK: Sink = {
  isRetrying: false,
  // Asynchronous, so that a caller with much to write does not recurse.
  write: (_chunks, done) => process.nextTick(done),
  end: async () => {},
  destroy: async () => 0,
};

function isDevNull(status: Stats): boolean {
  return status.isCharacterDevice() && tryCall(() => statSync('/dev/null'))?.rdev === status.rdev;
}
