import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { createFormatter, type Format, viewOf } from '../lib/protocol/formats.js';
import { startLineMarks } from './console.js';
import { openOutput } from './output.js';

/** Output that may wait for the write in flight before its source has to wait, in bytes. */
const MAX_PENDING_BYTES = 1024 * 1024;

/** Standard output of a command that prints messages. */
export interface MessageOutput {
  /**
   * @param bytes complete messages as they go over the wire, as a latin1 string
   * @param time in milliseconds since 1970
   * @returns a promise that resolves when more can be written; undefined if that is now
   */
  readonly write: (bytes: string, time: number) => Promise<void> | undefined;
  /** Resolves when everything is written. */
  readonly end: () => Promise<void>;
}

export async function openMessageOutput(format: Format): Promise<MessageOutput> {
  const { stream, isTerminal } = await openOutput({ maxPendingBytes: MAX_PENDING_BYTES });
  if (isTerminal) startLineMarks();
  const formatter = createFormatter(viewOf(format, isTerminal));
  let drained: Promise<void> | undefined;
  return {
    write(bytes, time) {
      const pieces = formatter.format([Buffer.from(bytes, 'latin1')], [{ at: 0, time }]);
      let canWrite = true;
      for (const piece of [...pieces].flat()) canWrite = stream.write(piece);
      if (canWrite) return undefined;
      drained ??= once(stream, 'drain').then(() => {
        drained = undefined;
      });
      return drained;
    },
    async end() {
      stream.end();
      await finished(stream);
    },
  };
}
