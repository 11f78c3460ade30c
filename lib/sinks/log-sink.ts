import { constants, fstatSync, openSync } from 'node:fs';
import { Writable, type WritableOptions } from 'node:stream';
import { isatty } from 'node:tty';
import { descriptorSink } from './descriptor-sink.js';

// A FIFO that nobody reads would hold an open without O_NONBLOCK up for ever.
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Standard error or a file as a stream to log to: appended to, never written synchronously, opened at once so that
 * a path that cannot be written to is known at once. One that fails later is given up, with a warning of Node's.
 *
 * @param to `stderr`, or a path; the file stays open as long as the process lives
 * @throws the system's error (`ENOENT`, `EACCES`, …)
 */
export function logSink(to: string): Writable {
  const fd = to === 'stderr' ? standardError() : openSync(to, FLAGS | constants.O_CREAT, 0o600);
  if (fd === undefined) return process.stderr;
  let opening: ReturnType<typeof descriptorSink> | undefined;
  const options: WritableOptions = {
    writev(chunks, callback) {
      opening ??= descriptorSink(fd);
      opening.then((opened) => {
        opened.write(
          chunks.map(({ chunk }) => chunk as Buffer),
          callback,
        );
      }, callback);
    },
  };
  const sink = new Writable(options);
  sink.on('error', (error) => {
    process.emitWarning(`the log to ${to} is given up: ${error.message}`, { code: 'MINI_SERV_LOG' });
  });
  return sink;
}

/** @returns undefined if it can only be had as Node's own stream, as a socket can */
function standardError(): number | undefined {
  const stat = fstatSync(2);
  if (stat.isSocket()) return undefined;
  if (!stat.isFIFO() && !isatty(2)) return 2;
  try {
    // Anew: two that wait for room in the same descriptor would take it from each other.
    return openSync('/dev/fd/2', FLAGS);
  } catch {
    return undefined;
  }
}
