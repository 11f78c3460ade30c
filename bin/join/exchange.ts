import { fstatSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { CommandError } from '../console.js';
import { failOutput, openOutput } from '../output.js';
import { hasColours } from '../style.js';
import { dial, explainDial, reasonOf } from './dial.js';
import { LineView } from './line-view.js';

/** Output that may wait for the write in flight before the relay has to wait, in bytes. */
const MAX_PENDING_BYTES = 256 * 1024;

/** Where the bytes of the room go. */
interface Destination {
  /** Calls back when more can be written, if it returns false. */
  readonly write: (chunk: Buffer, onDrain: () => void) => boolean;
  /** Resolves when everything is written. */
  readonly end: () => Promise<void>;
}

/**
 * Sends standard input to the relay at a port, and ends this side at its end. Writes what the relay sends to standard
 * output until the relay ends its side. A terminal gets safe lines, everything else gets each byte.
 *
 * @throws {CommandError} if standard input cannot be read, there is no relay, or the connection ends before everything was
 * sent
 */
export async function exchange(port: number): Promise<void> {
  // Node reads a directory as if it were empty.
  if (fstatSync(0).isDirectory()) throw cannotRead('it is a directory');
  const output = isatty(1) ? openTerminal() : await openStream();
  const socket = await dial(port).catch((error) => {
    throw new CommandError(`mini-serv: ${explainDial(port, error)}`);
  });
  // Nothing is awaited before this, because the relay may end the connection at once.
  const ended = new Promise<Error | undefined>((resolve) => {
    socket.once('error', resolve).once('end', () => resolve(undefined));
    process.stdin.once('error', (error) => resolve(cannotRead(error.message)));
  });
  socket.on('data', (chunk: Buffer) => {
    if (!output.write(chunk, () => socket.resume())) socket.pause();
  });
  process.stdin.pipe(socket);
  const error = await ended;
  const hasSentAll = socket.writableFinished;
  socket.destroy();
  process.stdin.destroy();
  await output.end();
  if (error instanceof CommandError) throw error;
  if (error !== undefined) throw lost(reasonOf(error));
  if (!hasSentAll) throw lost('the relay has closed it before the end of standard input');
  process.exit();
}

async function openStream(): Promise<Destination> {
  const { stream } = await openOutput({ onReaderEnd: failOutput, maxPendingBytes: MAX_PENDING_BYTES });
  return {
    write(chunk, onDrain) {
      const canWrite = stream.write(chunk);
      if (!canWrite) stream.once('drain', onDrain);
      return canWrite;
    },
    async end() {
      stream.end();
      await finished(stream);
    },
  };
}

/** Node writes to a terminal synchronously, which is the fastest. There is nothing else to do until it is done. */
function openTerminal(): Destination {
  const view = new LineView(hasColours(1));
  return {
    write: (chunk) => {
      process.stdout.write(view.show(chunk));
      return true;
    },
    end: async () => void process.stdout.write(view.end()),
  };
}

function lost(reason: string): CommandError {
  return new CommandError(`mini-serv: connection lost: ${reason}`);
}

function cannotRead(reason: string): CommandError {
  return new CommandError(`mini-serv: cannot read standard input: ${reason}`);
}
