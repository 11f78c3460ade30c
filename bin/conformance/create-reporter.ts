import type { Reporter, ReportStyle } from '../../lib/conformance/reporter.js';
import { json } from '../../lib/conformance/reporters/json.js';
import { text } from '../../lib/conformance/reporters/text.js';
import type { ReporterName } from './pair-reports.js';

type Load = (style: ReportStyle) => Reporter | Promise<Reporter>;

/** Formats that are rarely used are loaded on demand. */
const REPORTERS: Readonly<Record<ReporterName, Load>> = { text, json };

export async function createReporter(name: ReporterName, style: ReportStyle): Promise<Reporter> {
  return REPORTERS[name](style);
}
