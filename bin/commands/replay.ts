import { setTimeout as delay } from 'node:timers/promises';
import { replayRoom } from '../../lib/room/nats/replay.js';
import type { MiniServError } from '../../lib/util/errors.js';
import type { Command } from '../arguments.js';
import { GRACE_MS, printMessage } from '../console.js';
import { openMessageOutput } from '../message-output.js';
import { roomError } from './room-error.js';

/** Prints the messages that an engine keeps of a room. */
export async function replay(command: Command & { kind: 'replay' }): Promise<void> {
  const { url, format, credentials, since, until, timeoutMs } = command;
  const output = await openMessageOutput(format);
  try {
    await replayRoom(url, {
      ...credentials,
      timeoutMs,
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      onNote: printMessage,
      onMessage: output.write,
    });
  } catch (error) {
    // The messages before the error are written, unless their reader does not read.
    await Promise.race([output.end(), delay(GRACE_MS)]);
    throw roomError(error as MiniServError, '<url>', '--timeout');
  }
  await output.end();
}
