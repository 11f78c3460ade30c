import type { Writable } from 'node:stream';
import type { Reporter } from '../../lib/conformance/reporter.js';
import { coloured, plain } from '../../lib/conformance/text.js';
import { hasColours } from '../style.js';
import { createReporter } from './create-reporter.js';
import type { ReportRequest } from './pair-reports.js';
import { openReportFile, type ReportFile } from './report-file.js';

/** All reports of a run. */
export interface Reports {
  /** Passes an event to each reporter, and writes what it returns. */
  emit(event: (reporter: Reporter) => string | undefined): void;
  /** Writes the files, at the end of a run. */
  save(): void;
}

export interface Screen {
  readonly output: Writable;
  /** The width of standard output, if it is a terminal. */
  readonly columns: () => number | undefined;
}

/**
 * Opens the files of the reports, so that a wrong path is noticed before the tests run.
 *
 * @param inputs files that must not be overwritten
 */
export async function openReports(
  requests: readonly ReportRequest[],
  explain: readonly string[],
  { output, columns }: Screen,
  inputs: readonly string[],
): Promise<Reports> {
  const paint = hasColours(1) ? coloured : plain;
  const files = openFiles(requests, inputs);
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
      const write = path === undefined ? (text: string) => void output.write(text) : files.get(path)?.append;
      return { reporter: await createReporter(format, style), write };
    }),
  );
  return {
    emit(event) {
      forEach(reports, ({ reporter, write }) => {
        const text = event(reporter) ?? '';
        if (text !== '') write?.(text);
      });
    },
    save() {
      forEach([...files.values()], (file) => file.save());
    },
  };
}

/** One report that cannot be written does not keep the others from being complete. */
function forEach<T>(items: readonly T[], work: (item: T) => void): void {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      work(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

function openFiles(requests: readonly ReportRequest[], inputs: readonly string[]): Map<string, ReportFile> {
  const files = new Map<string, ReportFile>();
  // Also after a failure and after Ctrl-C, no empty file is left behind.
  process.on('exit', () => {
    for (const file of files.values()) file.close();
  });
  for (const { path } of requests) {
    if (path !== undefined) files.set(path, openReportFile(path, [...inputs, ...files.keys()]));
  }
  return files;
}
