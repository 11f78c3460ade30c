import { writeSync } from 'node:fs';
import { createFormatter } from '../../lib/protocol/formats.js';
import { replayRoom } from '../../lib/room/nats/replay.js';
import { openDescriptor } from '../../lib/sinks/descriptor-sink.js';
import type { Sink } from '../../lib/sinks/sink.js';
import type { Command } from '../arguments.js';
import { CommandError, printMessage } from '../console.js';

/** Output that may wait for the write in flight before reading from the engine is paused, in bytes. */
const MAX_PENDING_BYTES = 1024 * 1024;

/** Prints the messages that an engine keeps of a room. */
export async function replay(command: Command & { kind: 'replay' }): Promise<void> {
  const { url, format, credentials, since, until } = command;
  const { sink, isTerminal } = await openDescriptor(1, { onRetry: endOnWriteError });
  const formatter = createFormatter(isTerminal && format === 'wire' ? 'view' : format);
  const output = new BatchedOutput(sink);
  try {
    await replayRoom(url, {
      ...credentials,
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      onNote: printMessage,
      onMessage: (bytes, time) =>
        output.write([...formatter.format([Buffer.from(bytes, 'latin1')], [{ at: 0, time }])].flat()),
    });
    await output.end();
  } catch (error) {
    throw new CommandError(`mini-serv: ${(error as Error).message.replace(/^url: /, 'replay: ')}`);
  }
}

/** Writes to a sink, and collects the blocks that arrive during a write for the next one. */
class BatchedOutput {
  readonly #sink: Sink;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #flushing: Promise<void> | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Returns a promise if too much is pending: the caller should wait for it before the next call. */
  write(blocks: readonly Buffer[]): Promise<void> | undefined {
    for (const block of blocks) {
      this.#pending.push(block);
      this.#pendingBytes += block.length;
    }
    if (this.#pending.length > 0) this.#flushing ??= this.#flush();
    return this.#pendingBytes > MAX_PENDING_BYTES ? this.#flushing : undefined;
  }

  async end(): Promise<void> {
    await this.#flushing;
    await this.#sink.end();
  }

  async #flush(): Promise<void> {
    while (this.#pending.length > 0) {
      const blocks = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      await new Promise<void>((resolve) =>
        this.#sink.write(blocks, (error) => (error ? endOnWriteError(error) : resolve())),
      );
    }
    this.#flushing = undefined;
  }
}

/** Ends the command. A reader that closes its end of the pipe, such as `head`, has read enough: this is no error. */
function endOnWriteError(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0);
  // Written synchronously, because the process exits before an asynchronous write is done.
  writeSync(2, `mini-serv: cannot write to standard output: ${error.message}\n`);
  process.exit(1);
}
