import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { caseList } from '../../lib/conformance/case-list.js';
import type { Summary } from '../../lib/conformance/reporter.js';
import { jsonCase, toJson } from '../../lib/conformance/reporters/json.js';
import { type Result, runCases } from '../../lib/conformance/run.js';
import { killServers } from '../../lib/conformance/server.js';
import { removePrograms } from '../../lib/conformance/source.js';
import { summarize } from '../../lib/conformance/summary.js';
import type { Command } from '../arguments.js';
import { explainError, prepare } from '../conformance/prepare.js';
import { openReports } from '../conformance/reports.js';
import { type Request, requestOf, type TestRequest } from '../conformance/request.js';
import { CommandError } from '../console.js';
import { UsageError } from '../options/usage-error.js';
import { openOutput } from '../output.js';
import { hasTerminal } from '../service/terminals.js';

/** Exit code if nothing could be tested. */
const NOT_TESTED = 2;

/** `undecided`: nothing failed, but a required case could not be judged. Trying again later can help. */
const EXIT_CODES = { conforms: 0, fails: 1, undecided: 3 } as const;

/** Tests a server with the conformance kit, and sets the exit code. */
export async function conformance(command: Command & { kind: 'conformance' }): Promise<void> {
  const request = chooseRequest(command);
  // A report without a reader tells nothing about the server.
  const { stream: output } = await openOutput({
    failureCode: NOT_TESTED,
    onReaderEnd: () => process.exit(request.kind === 'list' ? 0 : NOT_TESTED),
  });
  if (request.kind === 'list') {
    output.write(request.json ? toJson(request.cases.map(jsonCase)) : caseList(request.cases, columns()));
  } else {
    cleanUpOnExit();
    try {
      process.exitCode = EXIT_CODES[(await test(request, output)).verdict];
    } catch (error) {
      if (error instanceof CommandError) throw error;
      const [message = '', ...details] = explainError(error as Error, request.plan).split('\n');
      throw new CommandError(message, details.length === 0 ? undefined : details.join('\n'), NOT_TESTED);
    } finally {
      cleanUp();
    }
  }
  output.end();
  await finished(output);
}

function chooseRequest(command: Command & { kind: 'conformance' }): Request {
  try {
    return requestOf(command);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new CommandError(error.message, undefined, NOT_TESTED);
  }
}

function cleanUp(): void {
  killServers();
  removePrograms();
}

function cleanUpOnExit(): void {
  process.on('exit', cleanUp);
  // Without a terminal, SIGHUP stays ignored, as nohup requires.
  const hangup = hasTerminal() ? (['SIGHUP'] as const) : [];
  for (const signal of [...hangup, 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
}

/** Runs the cases and writes the reports. */
async function test(
  { plan, reports: requests, explain, ...options }: TestRequest,
  output: Writable,
): Promise<Summary> {
  const { command, source } = await prepare(plan);
  const { cases, timeoutMs } = plan;
  const reports = await openReports(requests, explain, { output, columns }, plan.command);
  reports.emit((reporter) => reporter.onStart?.(plan));
  const results: Result[] = [];
  await runCases({
    command,
    source,
    cases,
    timeoutMs,
    bail: options.bail,
    ...(options.jobs !== undefined && { jobs: options.jobs }),
    onStart: (one) => reports.emit((reporter) => reporter.onCaseStart?.(one)),
    onResult: (result) => {
      results.push(result);
      const progress = { finished: results.length, total: cases.length };
      reports.emit((reporter) => reporter.onResult?.(result, progress));
    },
  });
  const summary = summarize(plan, results);
  try {
    reports.emit((reporter) => reporter.onEnd(summary));
  } finally {
    reports.save();
  }
  return summary;
}

/** The width of standard output, if it is a terminal. */
function columns(): number | undefined {
  return isatty(1) ? process.stdout.columns : undefined;
}
