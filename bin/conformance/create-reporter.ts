import { appendFileSync } from 'node:fs';
import type { Reporter, ReportStyle } from '../../lib/conformance/reporter.js';
import { json } from '../../lib/conformance/reporters/json.js';
import { text } from '../../lib/conformance/reporters/text.js';
import type { ReporterName } from './pair-reports.js';
import { attemptWrite } from './report-file.js';

type Load = (style: ReportStyle) => Reporter | Promise<Reporter>;

/** Formats that are rarely used are loaded on demand. */
const REPORTERS: Readonly<Record<ReporterName, Load>> = {
  text,
  json,
  tap: async () => (await import('../../lib/conformance/reporters/tap.js')).tap(),
  junit: async () => (await import('../../lib/conformance/reporters/junit.js')).junit(),
  markdown: async () => (await import('../../lib/conformance/reporters/markdown.js')).markdown(),
  html: async () => (await import('../../lib/conformance/reporters/html.js')).html(),
  github: async () => {
    const { github } = await import('../../lib/conformance/reporters/github.js');
    const { GITHUB_WORKSPACE: workspace, GITHUB_STEP_SUMMARY: path } = process.env;
    return github({
      workspace: workspace || undefined,
      onSummary: path ? (markdown) => attemptWrite(path, () => appendFileSync(path, markdown)) : undefined,
    });
  },
};

export async function createReporter(name: ReporterName, style: ReportStyle): Promise<Reporter> {
  return REPORTERS[name](style);
}
