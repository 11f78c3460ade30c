import type { Reporter } from '../../lib/conformance/reporter.js';
import { coloured, plain } from '../../lib/conformance/text.js';
import { hasColours } from '../style.js';
import { createReporter } from './create-reporter.js';
import type { ReportRequest } from './pair-reports.js';
import { openReportFile, type ReportFile } from './report-file.js';
import type { Screen } from './screen.js';

/** All reports of a run. */
export interface Reports {
  /** Passes an event to each reporter, and writes what it returns. */
  emit(event: (reporter: Reporter) => string | undefined): void;
  /** Writes the files, at the end of a run. */
  save(): void;
  /** Closes the files. */
  close(): void;
}

/**
 * Opens the files of the reports, so that a wrong path is noticed before the tests run.
 *
 * @param inputs files that must not be overwritten
 */
export async function openReports(
  requests: readonly ReportRequest[],
  explain: readonly string[],
  { output, columns, isStreamed }: Pick<Screen, 'output' | 'columns' | 'isStreamed'>,
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
              isStreamed,
              get columns() {
                return columns();
              },
            }
          : { paint: plain, explain, isStreamed: false };
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
    close() {
      closeFiles(files);
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

/** A shell may have redirected them to a file, which the kit then writes already. */
const STREAMS = ['/dev/stdout', '/dev/stderr'];

const openedFiles = new Set<Map<string, ReportFile>>();

/** Closes the files of all reports. Also after a failure and after Ctrl-C, no empty file is left behind. */
export function closeReports(): void {
  for (const files of openedFiles) closeFiles(files);
}

function closeFiles(files: Map<string, ReportFile>): void {
  for (const file of files.values()) file.close();
  openedFiles.delete(files);
  files.clear();
}

function openFiles(requests: readonly ReportRequest[], inputs: readonly string[]): Map<string, ReportFile> {
  const files = new Map<string, ReportFile>();
  openedFiles.add(files);
  for (const { path } of requests) {
    if (path !== undefined) files.set(path, openReportFile(path, [...inputs, ...STREAMS, ...files.keys()]));
  }
  return files;
}
