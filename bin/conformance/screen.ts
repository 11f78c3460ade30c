import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { openDescriptor } from '../../lib/sinks/descriptor-sink.js';
import { sinkStream } from '../../lib/sinks/sink-stream.js';
import { tryCall } from '../../lib/util/try-call.js';
import { openOutput } from '../output.js';
import { isLive, liveProgress, type ProgressView, printedProgress } from './progress.js';
import type { TestRequest } from './request.js';

/** The streams that a run writes to. */
export interface Screen {
  readonly output: Writable;
  /** The width of standard output, if it is a terminal. */
  readonly columns: () => number | undefined;
  /** Whether standard output has a waiting reader, and the progress is shown elsewhere and not on a terminal. */
  readonly isStreamed: boolean;
  showProgress(request: TestRequest): ProgressView;
  /** Prints a line on standard error. */
  printLine(text: string): void;
}

/**
 * @param failureCode the exit code if standard output cannot be written
 * @param readerEndCode the exit code if its reader has ended
 */
export async function openScreen(failureCode: number, readerEndCode: number): Promise<Screen> {
  const onReaderEnd = () => process.exit(readerEndCode);
  const { stream: output } = await openOutput({ failureCode, onReaderEnd });
  const isShared = isSameFile(1, 2);
  const errorOutput = sinkStream(async () => (await openDescriptor(2)).sink).on('error', () => {
    if (isShared) onReaderEnd();
  });
  return {
    output,
    columns,
    isStreamed: isPipe(1) && !isShared && !isLive(2, process.env),
    showProgress({ plan, reports }) {
      // The text report is printed at the end, so that the line before it can be replaced on the same terminal.
      const isText = reports.some(({ format, path }) => format === 'text' && path === undefined);
      const descriptor = [...(isText ? [1] : []), 2].find((fd) => isLive(fd, process.env));
      if (descriptor === undefined) return printedProgress(errorOutput);
      const stream = descriptor === 1 ? process.stdout : process.stderr;
      return liveProgress(descriptor === 1 ? output : errorOutput, () => stream.columns || 80, plan.cases);
    },
    printLine: (text) => void errorOutput.write(`${text}\n`),
  };
}

function isPipe(fd: number): boolean {
  const stats = tryCall(() => fstatSync(fd));
  return stats?.isFIFO() === true || stats?.isSocket() === true;
}

/** Whether two descriptors are the same pipe or file, as with `2>&1`. */
function isSameFile(a: number, b: number): boolean {
  const [first, second] = [a, b].map((fd) => tryCall(() => fstatSync(fd)));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}

function columns(): number | undefined {
  return isatty(1) ? process.stdout.columns : undefined;
}
