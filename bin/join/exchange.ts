import { fstatSync } from 'node:fs';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { CommandError } from '../console.js';
import { failOutput, openOutput } from '../output.js';
import { hasColours } from '../style.js';
import { reasonOf } from './dial.js';
import { LineView } from './line-view.js';

/** Output that may wait for the write in flight before the relay has to wait, in bytes. */
const MAX_PENDING_BYTES = 256 * 1024;

/**
 * Sends standard input to the relay, and ends this side at its end. Writes what the relay sends to standard output until
 * the relay ends its side. A terminal gets safe lines, everything else gets each byte.
 *
 * @throws {CommandError} if standard input cannot be read, or the connection ends before everything was sent
 */
export async function exchange(socket: Socket): Promise<void> {
  const { stream, isTerminal } = await openOutput({
    onReaderEnd: failOutput,
    maxPendingBytes: MAX_PENDING_BYTES,
  });
  const view = isTerminal ? new LineView(hasColours(1)) : undefined;
  const ended = new Promise<Error | undefined>((resolve) => {
    socket.once('error', resolve).once('end', () => resolve(undefined));
    process.stdin.once('error', (error) => resolve(cannotRead(error.message)));
  });
  socket.on('data', (chunk: Buffer) => {
    if (!stream.write(view === undefined ? chunk : view.show(chunk))) socket.pause();
  });
  stream.on('drain', () => socket.resume());
  // Node reads a directory as if it were empty.
  if (fstatSync(0).isDirectory()) throw cannotRead('it is a directory');
  process.stdin.pipe(socket);
  const error = await ended;
  const hasSentAll = socket.writableFinished;
  socket.destroy();
  process.stdin.destroy();
  stream.end(view?.end());
  await finished(stream);
  if (error instanceof CommandError) throw error;
  if (error !== undefined) throw lost(reasonOf(error));
  if (!hasSentAll) throw lost('the relay has closed it before the end of standard input');
  process.exit();
}

function lost(reason: string): CommandError {
  return new CommandError(`mini-serv: connection lost: ${reason}`);
}

function cannotRead(reason: string): CommandError {
  return new CommandError(`mini-serv: cannot read standard input: ${reason}`);
}
