import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createFormatter } from '../../lib/protocol/formats.js';
import { replayRoom } from '../../lib/room/nats/replay.js';
import type { MiniServError } from '../../lib/util/errors.js';
import type { Command } from '../arguments.js';
import { GRACE_MS, printMessage } from '../console.js';
import { openOutput } from '../output.js';
import { roomError } from './room-error.js';

/** Output that may wait for the write in flight before reading from the engine is paused, in bytes. */
const MAX_PENDING_BYTES = 1024 * 1024;

/** Prints the messages that an engine keeps of a room. */
export async function replay(command: Command & { kind: 'replay' }): Promise<void> {
  const { url, format, credentials, since, until, timeoutMs } = command;
  const { stream: output, isTerminal } = await openOutput({ maxPendingBytes: MAX_PENDING_BYTES });
  const formatter = createFormatter(isTerminal && format === 'wire' ? 'view' : format);
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
  } catch (error) {
    // The messages before the error are written, unless their reader does not read.
    await finish(output);
    const problem = roomError(error as MiniServError, '<url>');
    const isTimeout = (error as MiniServError).code === 'ERR_ROOM_TIMEOUT';
    if (isTimeout) problem.message += '; check the URL and the server, or set a longer --timeout';
    throw problem;
  }
  output.end();
  await finished(output);
}

async function finish(output: Writable): Promise<void> {
  output.end();
  await Promise.race([finished(output), delay(GRACE_MS)]);
}
