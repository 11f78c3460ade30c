import type { REPORTER_NAMES } from '../options/conformance-options.js';
import { UsageError } from '../options/usage-error.js';

export type ReporterName = (typeof REPORTER_NAMES)[number];

/** A report, and the file for it. Without a path, it goes to standard output. */
export interface ReportRequest {
  readonly format: ReporterName;
  readonly path?: string;
}

interface Values {
  readonly reporter: readonly ReporterName[];
  readonly output: readonly string[];
}

/**
 * Gives each --output the report of the --reporter before it. If there are as many of one as of the other, they are
 * paired in their order, so that all formats may be named first.
 *
 * @param order the names of the given options
 * @throws {UsageError} if two reports have the same destination
 */
export function pairReports(order: readonly string[], { reporter, output }: Values): ReportRequest[] {
  const [formats, paths] = [[...reporter], [...output]];
  const reports: { format: ReporterName; paths: string[] }[] = [];
  const belongsTo: number[] = [];
  for (const name of order) {
    if (name === 'json') reports.push({ format: 'json', paths: [] });
    if (name === 'reporter') reports.push({ format: formats.shift() as ReporterName, paths: [] });
    if (name === 'output') belongsTo.push(Math.max(0, reports.length - 1));
  }
  if (reports.length === 0) reports.push({ format: 'text', paths: [] });
  const isPaired = reports.length === paths.length;
  for (const [i, path] of paths.entries()) reports[isPaired ? i : (belongsTo[i] as number)]?.paths.push(path);
  return withText(
    reports.flatMap(({ format, paths }) =>
      paths.length === 0 ? [{ format }] : paths.map((path) => toReport(format, path)),
    ),
  );
}

function toReport(format: ReporterName, path: string): ReportRequest {
  return path === '-' ? { format } : { format, path };
}

/** Adds the report for people if nothing else goes to standard output. */
function withText(reports: readonly ReportRequest[]): ReportRequest[] {
  const printed = reports.filter(({ path }) => path === undefined);
  if (printed.length > 1) {
    const formats = printed.map(({ format }) => format).join(' and ');
    throw new UsageError(`--output: expected a file for all but one of the reports ${formats}`);
  }
  const paths = reports.flatMap(({ path }) => path ?? []);
  const repeated = paths.find((path, i) => paths.indexOf(path) !== i);
  if (repeated !== undefined) {
    throw new UsageError(`--output: expected a different file for each report, got "${repeated}" twice`);
  }
  return printed.length === 0 ? [{ format: 'text' }, ...reports] : [...reports];
}
