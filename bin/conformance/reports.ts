import { closeSync, openSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import type { Reporter } from '../../lib/conformance/reporter.js';
import { coloured, plain } from '../../lib/conformance/text.js';
import { CommandError } from '../console.js';
import { hasColours } from '../style.js';
import { createReporter } from './create-reporter.js';
import type { ReportRequest } from './pair-reports.js';

/** All reports of a run. */
export interface Reports {
  /** Passes an event to each reporter, and writes what it returns. */
  emit(event: (reporter: Reporter) => string | undefined): void;
  /** Closes the files. */
  close(): void;
}

export interface Screen {
  readonly output: Writable;
  /** The width of standard output, if it is a terminal. */
  readonly columns: () => number | undefined;
}

/** Opens the files of the reports, so that a wrong path is noticed before the tests run. */
export async function openReports(
  requests: readonly ReportRequest[],
  explain: readonly string[],
  { output, columns }: Screen,
): Promise<Reports> {
  const paint = hasColours(1) ? coloured : plain;
  const files: number[] = [];
  const open = (path: string): ((text: string) => void) => {
    const fd = attempt(path, () => openSync(path, 'w'));
    files.push(fd);
    return (text) => attempt(path, () => writeAll(fd, Buffer.from(text)));
  };
  const reports = await Promise.all(
    requests.map(async ({ format, path }) => {
      const style =
        path === undefined
          ? {
              paint,
              explain,
              get columns() {
                return columns();
              },
            }
          : { paint: plain, explain };
      const write = path === undefined ? (text: string) => void output.write(text) : open(path);
      return { reporter: await createReporter(format, style), write };
    }),
  );
  return {
    emit(event) {
      for (const { reporter, write } of reports) {
        const text = event(reporter) ?? '';
        if (text !== '') write(text);
      }
    },
    close() {
      for (const fd of files.splice(0)) closeSync(fd);
    },
  };
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CommandError(`--output: cannot write to ${path}: ${(error as Error).message}`, undefined, 2);
  }
}
