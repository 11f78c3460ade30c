import { close, constants, fstat, open as openFile, type Stats } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import type { Format } from '../protocol/formats.js';
import type { Note } from '../protocol/formatter.js';
import { TERMINAL_WRITE_BYTES } from '../sinks/descriptor-sink.js';
import { fifoSink } from '../sinks/fifo-sink.js';
import { FileSink } from '../sinks/file-sink.js';
import { pipeSink } from '../sinks/pipe-sink.js';
import type { SinkOptions } from '../sinks/sink.js';
import { descriptorOf } from '../util/descriptor-path.js';
import { readAuditTail } from './audit-tail.js';
import type { Target } from './targets.js';

// A symbolic link that others can place here would have the relay append to any file of its user. Without O_NONBLOCK,
// opening a FIFO waits until it has a reader.
const SAFE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const APPEND_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

export interface AuditTarget extends Target {
  /** Device and inode of a regular file: equal if it is the same file. */
  readonly identity?: string;
  /** Whether a person looks at it, so that control characters must be made visible. */
  readonly isTerminal?: boolean;
}

/**
 * Opens a file, a FIFO, a terminal or a device to append an audit to it, and finds out how to continue a file that has
 * content.
 *
 * @throws the system's error (`ENOENT`, `EACCES`, …), or an error that says why the file cannot be appended to
 */
export async function openAudit(path: string, format: Format, options: SinkOptions): Promise<AuditTarget> {
  // The descriptors of this process look like links, as in `--audit >(gzip > audit.gz)`, but others cannot place them.
  const safe = descriptorOf(path) === undefined ? SAFE_FLAGS : SAFE_FLAGS & ~constants.O_NOFOLLOW;
  const openToAppend = (): Promise<number> => promisify(openFile)(path, safe | APPEND_FLAGS, 0o600);
  if ((await stat(path).catch(() => undefined))?.isBlockDevice()) {
    throw new Error(`${path} is a block device, whose contents an audit would overwrite; name a file`);
  }
  let fd: number;
  try {
    fd = await openToAppend();
  } catch (error) {
    // open(2): ENXIO is the answer of a FIFO without a reader.
    const isFifo = (error as NodeJS.ErrnoException).code === 'ENXIO' && (await lstat(path)).isFIFO();
    if (isFifo) return { sink: fifoSink(openToAppend, options) };
    throw await explain(error as NodeJS.ErrnoException, path);
  }
  try {
    const status = await promisify(fstat)(fd);
    if (status.isFIFO() || status.isSocket()) return { sink: pipeSink(fd) };
    const file = { ...options, fd, ownsDescriptor: true, isRegularFile: status.isFile() };
    if (isatty(fd)) {
      return { sink: new FileSink({ ...file, maxBytes: TERMINAL_WRITE_BYTES }), isTerminal: true };
    }
    if (!status.isFile()) return { sink: new FileSink(file) };
    const rest = await readContinuation(path, safe, format, status);
    return { ...rest, sink: new FileSink(file), identity: `${status.dev} ${status.ino}` };
  } catch (error) {
    close(fd, () => {});
    throw error;
  }
}

/** An error with the same code that says what to do, or the error itself where the system's message is enough. */
async function explain(error: NodeJS.ErrnoException, path: string): Promise<Error> {
  const { code } = error;
  const because = (reason: string): Error =>
    Object.assign(new Error(`${path} ${reason}`, { cause: error }), { code });
  if (code === 'ELOOP') {
    return because('is a symbolic link, which an audit does not follow; name its target instead');
  }
  if (code === 'EISDIR') return because('is a directory; name a file in it');
  if (code !== 'ENXIO') return error;
  if (!(await stat(path)).isSocket())
    return because('is a device that this process does not have; name a file');
  return because('is a socket; pipe standard output to a program that connects to it, such as socat');
}

/** Reads from the end of a file how an audit continues in it. */
async function readContinuation(
  path: string,
  safeFlags: number,
  format: Format,
  { size, dev, ino }: Stats,
): Promise<Omit<Target, 'sink'>> {
  if (size === 0) return {};
  const file = await open(path, constants.O_RDONLY | safeFlags);
  try {
    const status = await file.stat();
    if (status.dev !== dev || status.ino !== ino) {
      throw new Error(`${path} was replaced by another file while it was being opened; try again`);
    }
    const { truncatedBytes, seq } = await readAuditTail(file, size);
    const midLine = truncatedBytes > 0;
    const truncated: Note[] = midLine ? [{ event: 'truncated', bytes: truncatedBytes }] : [];
    if (format !== 'json') return { midLine, notes: truncated };
    if (seq === undefined && truncatedBytes < size) {
      throw new Error(
        `${path} is not an audit in JSON format: its last lines are not records. Use another file`,
      );
    }
    return { midLine, seq: (seq ?? -1) + 1, notes: [...truncated, { event: 'resumed' }] };
  } finally {
    await file.close();
  }
}
