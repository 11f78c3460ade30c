import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { openDescriptor } from '../lib/sinks/descriptor-sink.js';
import { sinkStream } from '../lib/sinks/sink-stream.js';
import { tryCall } from '../lib/util/try-call.js';
import { style } from './style.js';

export interface OutputOptions {
  /** The exit code if standard output cannot be written. Default: 1. */
  readonly failureCode?: number;
  /** Called if the reader of a pipe has ended, such as `head`. Default: ends the process with exit code 0. */
  readonly onReaderEnd?: (error: Error) => void;
  /** Bytes that may wait for the write in flight before `write()` returns false. */
  readonly maxPendingBytes?: number;
}

/** Standard output of a command whose result it is. If it cannot be written, the command ends. */
export interface Output {
  readonly stream: Writable;
  readonly isTerminal: boolean;
}

export async function openOutput(options: OutputOptions = {}): Promise<Output> {
  const { failureCode = 1, onReaderEnd = () => process.exit(), maxPendingBytes } = options;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'EPIPE') onReaderEnd(error);
    else failOutput(error, failureCode);
  };
  const { sink, isTerminal } = await openDescriptor(1, { onRetry: onError });
  const stream = sinkStream(async () => sink, maxPendingBytes).on('error', onError);
  return { stream, isTerminal };
}

/** Prints a text on standard output, and waits until it is written. */
export async function print(text: string): Promise<void> {
  const { stream } = await openOutput();
  stream.end(text);
  await finished(stream);
}

/** Ends the command because standard output cannot be written. */
export function failOutput({ message }: Error, exitCode = 1): never {
  // Written synchronously, because the process exits before an asynchronous write is done. It can fail in the same way.
  tryCall(() => writeSync(2, `${style('red', `mini-serv: cannot write to standard output: ${message}`)}\n`));
  process.exit(exitCode);
}
