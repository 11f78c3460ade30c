import { close, constants, fstat, open as openFile, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import type { Format } from '../protocol/formats.js';
import type { Note } from '../protocol/formatter.js';
import { fifoSink } from '../sinks/fifo-sink.js';
import { FileSink } from '../sinks/file-sink.js';
import { pipeSink } from '../sinks/pipe-sink.js';
import type { SinkOptions } from '../sinks/sink.js';
import { auditTail } from './audit-tail.js';
import type { Opened } from './writer.js';

// A link is not followed: where anybody may make one, it would have this append to any file of its user's. Nobody
// at the other end of a FIFO would hold the open up for ever.
const SAFELY = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const FLAGS = SAFELY | constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
/** What may be lost where there is no room to record a gap: no more than this, in bytes. */
const MOST = 256 * 1024;

export interface OpenedAudit extends Opened {
  /** Of a file: the same again if it is the same file. */
  readonly identity?: string;
}

/**
 * Opens a file to append to, or a FIFO, a terminal, a device, and finds out how it goes on.
 *
 * @throws the system's error (`ENOENT`, `EACCES`, `ELOOP` for a symbolic link, …), or one that says why a file that
 * is there cannot be appended to
 */
export async function openAudit(path: string, format: Format, options: SinkOptions): Promise<OpenedAudit> {
  const again = (): Promise<number> => promisify(openFile)(path, FLAGS, 0o600);
  let fd: number;
  try {
    fd = await again();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP')
      throw new Error(`${path} is a symbolic link, and an audit follows none`, { cause: error });
    if (code !== 'ENXIO' || !(await lstat(path)).isFIFO()) throw error;
    return { sink: fifoSink(again, options) };
  }
  try {
    const stat = await promisify(fstat)(fd);
    if (stat.isFIFO() || stat.isSocket()) return { sink: pipeSink(fd) };
    const most = isatty(fd) ? 16 * 1024 : MOST;
    if (!stat.isFile()) {
      return { sink: new FileSink({ ...options, fd, maxBytes: most, own: true }) };
    }
    const start = await beginning(path, format, stat);
    const file = new FileSink({ ...options, fd, maxBytes: most, own: true, size: stat.size });
    return { ...start, sink: file, file, identity: `${stat.dev} ${stat.ino}` };
  } catch (error) {
    close(fd, () => {});
    throw error;
  }
}

/** What there is to know of a file before it is appended to. */
async function beginning(
  path: string,
  format: Format,
  { size, dev, ino }: Stats,
): Promise<Omit<Opened, 'sink'>> {
  if (size === 0) return {};
  const file = await open(path, constants.O_RDONLY | SAFELY);
  try {
    const stat = await file.stat();
    if (stat.dev !== dev || stat.ino !== ino) throw new Error(`${path} has just become another file`);
    const { truncated, seq } = await auditTail(file, size);
    const cut: Note[] = truncated > 0 ? [{ event: 'truncated', bytes: truncated }] : [];
    if (format !== 'json') return { amid: truncated > 0, notes: cut };
    if (seq === undefined && truncated < size) {
      throw new Error(`${path} is no audit in json format: its last lines are no records`);
    }
    return { amid: truncated > 0, seq: (seq ?? -1) + 1, notes: [...cut, { event: 'resumed' }] };
  } finally {
    await file.close();
  }
}
