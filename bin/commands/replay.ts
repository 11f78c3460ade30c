import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createFormatter } from '../../lib/protocol/formats.js';
import { replayRoom } from '../../lib/room/nats/replay.js';
import { openDescriptor } from '../../lib/sinks/descriptor-sink.js';
import { sinkStream } from '../../lib/sinks/sink-stream.js';
import type { MiniServError } from '../../lib/util/errors.js';
import type { Command } from '../arguments.js';
import { printMessage } from '../console.js';
import { roomError } from './room-error.js';

/** Output that may wait for the write in flight before reading from the engine is paused, in bytes. */
const MAX_PENDING_BYTES = 1024 * 1024;

/** Prints the messages that an engine keeps of a room. */
export async function replay(command: Command & { kind: 'replay' }): Promise<void> {
  const { url, format, credentials, since, until, timeoutMs } = command;
  const { sink, isTerminal } = await openDescriptor(1, { onRetry: endOnWriteError });
  const formatter = createFormatter(isTerminal && format === 'wire' ? 'view' : format);
  const output = sinkStream(async () => sink, MAX_PENDING_BYTES).on('error', endOnWriteError);
  let drained: Promise<void> | undefined;
  const write = (bytes: string, time: number): Promise<void> | undefined => {
    const pieces = formatter.format([Buffer.from(bytes, 'latin1')], [{ at: 0, time }]);
    let canWrite = true;
    for (const piece of [...pieces].flat()) canWrite = output.write(piece);
    if (canWrite) return undefined;
    drained ??= once(output, 'drain').then(() => {
      drained = undefined;
    });
    return drained;
  };
  try {
    await replayRoom(url, {
      ...credentials,
      timeoutMs,
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      onNote: printMessage,
      onMessage: write,
    });
    output.end();
    await finished(output);
  } catch (error) {
    const problem = roomError(error as MiniServError, '<url>');
    const isTimeout = (error as MiniServError).code === 'ERR_ROOM_TIMEOUT';
    if (isTimeout) problem.message += '; check the URL and the server, or set a longer --timeout';
    throw problem;
  }
}

/** Ends the command. A reader that closes its end of the pipe, such as `head`, has read enough: this is no error. */
function endOnWriteError(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0);
  // Written synchronously, because the process exits before an asynchronous write is done.
  writeSync(2, `mini-serv: cannot write to standard output: ${error.message}\n`);
  process.exit(1);
}
