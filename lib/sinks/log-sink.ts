import { constants, fstatSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { createEscaper } from '../util/escape.js';
import { lineMark } from '../util/line-mark.js';
import { openDescriptor } from './descriptor-sink.js';
import type { Sink } from './sink.js';
import { sinkStream } from './sink-stream.js';

// Without O_NONBLOCK, opening a FIFO waits until it has a reader.
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens standard error, or a file to append to, as a stream for log lines. Writes are never synchronous. If a write
 * fails later, the log is closed with a process warning (code MINI_SERV_LOG).
 *
 * @param to `stderr`, or a path; the file stays open for the life of the process
 * @throws the system's error (`ENOENT`, `EACCES`, …)
 */
export function logSink(to: string): Writable {
  const fd = to === 'stderr' ? openStandardError() : openSync(to, FLAGS | constants.O_CREAT, 0o600);
  if (fd === undefined) return process.stderr;
  const stream = sinkStream(() => openEscaped(fd));
  stream.on('error', ({ message }) => {
    process.emitWarning(`the log to ${to} is closed after a failed write: ${message}`, {
      code: 'MINI_SERV_LOG',
    });
  });
  return stream;
}

/** @returns undefined if only Node's own stream can write to it, as to a socket */
function openStandardError(): number | undefined {
  const stat = fstatSync(2);
  if (stat.isSocket()) return undefined;
  if (!stat.isFIFO() && !isatty(2)) return 2;
  try {
    // Opened again: two streams that wait for the same descriptor would take each other's events.
    return openSync('/dev/fd/2', FLAGS);
  } catch {
    return undefined;
  }
}

/** On a terminal, lines start with a mark and control characters are visible, so that no client can forge a line. */
async function openEscaped(fd: number): Promise<Pick<Sink, 'write' | 'end'>> {
  const { sink, isTerminal } = await openDescriptor(fd);
  if (!isTerminal) return sink;
  const toText = createEscaper(lineMark());
  return {
    write: (bytes, done) => sink.write([Buffer.from(toText(Buffer.concat(bytes)))], done),
    end: () => sink.end(),
  };
}
