import { constants, fstatSync, open, type Stats, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import { tryRead } from '../util/descriptors.js';
import { createEscaper } from '../util/escape.js';
import { FileSink } from './file-sink.js';
import { pipeSink } from './pipe-sink.js';
import type { Sink, SinkOptions, TruncatableFile } from './sink.js';

/** A terminal shows it to somebody, and grows it by escaping: no more than can be looked at. */
const TERMINAL_MOST = 16 * 1024;

export interface Descriptor {
  readonly sink: Sink;
  /** The sink, if it is a file. */
  readonly file?: TruncatableFile;
  /** Whether somebody looks at it, so that control characters must be made visible. */
  readonly terminal: boolean;
}

/** Whatever an open file descriptor is, as a sink that never blocks the event loop and loses no byte in silence. */
export async function openDescriptor(fd: number, options: SinkOptions = {}): Promise<Descriptor> {
  const status = fstatSync(fd);
  if (status.isFIFO() || status.isSocket()) return { sink: pipeSink(fd), terminal: false };
  if (status.isFile()) {
    const file = new FileSink({ ...options, fd, own: false, size: status.size });
    return { sink: file, file, terminal: false };
  }
  if (isNothing(status)) return { sink: NULL_SINK, terminal: false };
  if (!isatty(fd)) return { sink: new FileSink({ ...options, fd, own: false }), terminal: false };
  // Opened anew, so that it can be non-blocking without making it so for the other programs on this terminal.
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const own = await promisify(open)(`/dev/fd/${fd}`, flags).catch(() => undefined);
  const most = TERMINAL_MOST;
  return {
    sink: new FileSink({ ...options, maxBytes: most, fd: own ?? fd, own: own !== undefined }),
    terminal: true,
  };
}

/** What /dev/null is given nobody has: a call to the system and to another thread for it is work for nothing. */
export const NULL_SINK: Sink = {
  maxBytes: undefined,
  write: (_chunks, done) => process.nextTick(done),
  end: async () => {},
  destroy: () => {},
};

function isNothing(status: Stats): boolean {
  return status.isCharacterDevice() && tryRead(() => statSync('/dev/null'))?.rdev === status.rdev;
}

/** The same for what is no transcript. What a person sees must not do anything to the terminal it is seen on. */
export async function descriptorSink(fd: number): Promise<Pick<Sink, 'write'>> {
  const { sink, terminal } = await openDescriptor(fd);
  if (!terminal) return sink;
  const toText = createEscaper();
  return { write: (bytes, done) => sink.write([Buffer.from(toText(Buffer.concat(bytes)))], done) };
}
