import { close, constants, fstat, open as openFile, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import type { Format } from '../protocol/formats.js';
import type { Note } from '../protocol/formatter.js';
import { TERMINAL_WRITE_BYTES } from '../sinks/descriptor-sink.js';
import { fifoSink } from '../sinks/fifo-sink.js';
import { FileSink } from '../sinks/file-sink.js';
import { pipeSink } from '../sinks/pipe-sink.js';
import type { SinkOptions } from '../sinks/sink.js';
import { readAuditTail } from './audit-tail.js';
import type { Target } from './targets.js';

// A symbolic link that others can place here would have the relay append to any file of its user. Without O_NONBLOCK,
// opening a FIFO waits until it has a reader.
const SAFE_FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const APPEND_FLAGS = SAFE_FLAGS | constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

export interface AuditTarget extends Target {
  /** Device and inode of a regular file: equal if it is the same file. */
  readonly identity?: string;
}

/**
 * Opens a file, a FIFO, a terminal or a device to append an audit to it, and finds out how to continue a file that has
 * content.
 *
 * @throws the system's error (`ENOENT`, `EACCES`, …), or an error that says why the file cannot be appended to
 */
export async function openAudit(path: string, format: Format, options: SinkOptions): Promise<AuditTarget> {
  const openToAppend = (): Promise<number> => promisify(openFile)(path, APPEND_FLAGS, 0o600);
  let fd: number;
  try {
    fd = await openToAppend();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') {
      const reason = `${path} is a symbolic link, which an audit does not follow; name its target instead`;
      throw new Error(reason, { cause: error });
    }
    // open(2): ENXIO is the answer of a FIFO without a reader.
    if (code !== 'ENXIO' || !(await lstat(path)).isFIFO()) throw error;
    return { sink: fifoSink(openToAppend, options) };
  }
  try {
    const stat = await promisify(fstat)(fd);
    if (stat.isFIFO() || stat.isSocket()) return { sink: pipeSink(fd) };
    const file = { ...options, fd, ownsDescriptor: true, isRegularFile: stat.isFile() };
    if (isatty(fd)) return { sink: new FileSink({ ...file, maxBytes: TERMINAL_WRITE_BYTES }) };
    if (!stat.isFile()) return { sink: new FileSink(file) };
    const rest = await readContinuation(path, format, stat);
    return { ...rest, sink: new FileSink(file), identity: `${stat.dev} ${stat.ino}` };
  } catch (error) {
    close(fd, () => {});
    throw error;
  }
}

/** Reads from the end of a file how an audit continues in it. */
async function readContinuation(
  path: string,
  format: Format,
  { size, dev, ino }: Stats,
): Promise<Omit<Target, 'sink'>> {
  if (size === 0) return {};
  const file = await open(path, constants.O_RDONLY | SAFE_FLAGS);
  try {
    const stat = await file.stat();
    if (stat.dev !== dev || stat.ino !== ino) {
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
