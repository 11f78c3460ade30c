import { constants } from 'node:os';
import { finished } from 'node:stream/promises';
import { caseList } from '../../lib/conformance/case-list.js';
import type { Summary } from '../../lib/conformance/reporter.js';
import { jsonCase, toJson } from '../../lib/conformance/reporters/json.js';
import { killServers } from '../../lib/conformance/server.js';
import { removePrograms } from '../../lib/conformance/source.js';
import type { Command } from '../arguments.js';
import { explainError } from '../conformance/prepare.js';
import { closeReports } from '../conformance/reports.js';
import { type Request, requestOf, type TestRequest } from '../conformance/request.js';
import { openScreen, type Screen } from '../conformance/screen.js';
import { Session } from '../conformance/session.js';
import { CommandError, GRACE_MS } from '../console.js';
import { UsageError } from '../options/usage-error.js';
import { hasTerminal } from '../service/terminals.js';

/** Exit code if nothing could be tested. */
const NOT_TESTED = 2;

/** `undecided`: nothing failed, but a required case could not be judged. Trying again later can help. */
const EXIT_CODES = { conforms: 0, fails: 1, undecided: 3 } as const;

/** Tests a server with the conformance kit, and sets the exit code. */
export async function conformance(command: Command & { kind: 'conformance' }): Promise<void> {
  const request = chooseRequest(command);
  // A report without a reader tells nothing about the server; a list without a reader was read.
  const screen = await openScreen(NOT_TESTED, request.kind === 'list' ? 0 : NOT_TESTED);
  if (request.kind === 'list') {
    const { cases, json } = request;
    screen.output.write(json ? toJson(cases.map(jsonCase)) : caseList(cases, screen.columns()));
  } else {
    process.exitCode = EXIT_CODES[(await test(request, screen)).verdict];
  }
  screen.output.end();
  await finished(screen.output);
}

function chooseRequest(command: Command & { kind: 'conformance' }): Request {
  try {
    return requestOf(command);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new CommandError(error.message, undefined, NOT_TESTED);
  }
}

/** Runs the cases once, or with --watch until a signal ends the process. */
async function test(request: TestRequest, screen: Screen): Promise<Summary> {
  let session: Session | undefined;
  endOnSignals(() => session?.interrupt(), screen);
  const open = async (): Promise<Session> => {
    try {
      session = await Session.open(request, screen);
      return session;
    } catch (error) {
      throw toCommandError(error as Error, request);
    }
  };
  try {
    if (request.watch) return await watch(request, screen, open);
    const opened = await open();
    return await opened.run();
  } catch (error) {
    throw toCommandError(error as Error, request);
  } finally {
    cleanUp();
  }
}

async function watch(request: TestRequest, screen: Screen, open: () => Promise<Session>): Promise<never> {
  const { watchRuns } = await import('../conformance/watch.js');
  const { command } = request.plan;
  const start = (first: ReadonlySet<string>) => {
    const opened = open();
    return {
      ended: opened.then((session) => session.run(first)),
      abort: () => void opened.then((session) => session.abort()).catch(() => {}),
    };
  };
  return watchRuns(command, start, (error) => {
    cleanUp();
    if (error !== undefined) {
      const { message, details } = toCommandError(error as Error, request);
      screen.printLine([message, details].filter(Boolean).join('\n'));
    }
    screen.printLine(`\nWaiting for a change of ${command.join(' ')}. Ctrl-C ends the command.`);
  });
}

function toCommandError(error: Error, { plan }: TestRequest): CommandError {
  if (error instanceof CommandError) return error;
  const [message = '', ...details] = explainError(error, plan).split('\n');
  return new CommandError(message, details.length === 0 ? undefined : details.join('\n'), NOT_TESTED);
}

function cleanUp(): void {
  killServers();
  removePrograms();
}

/** Writes the results so far after Ctrl-C and ends the process. A second signal ends it at once. */
function endOnSignals(onInterrupt: () => void, { output }: Screen): void {
  process.on('exit', () => {
    cleanUp();
    closeReports();
  });
  let hasEnded = false;
  // Without a terminal, SIGHUP stays ignored, as nohup requires.
  const hangup = hasTerminal() ? (['SIGHUP'] as const) : [];
  for (const signal of [...hangup, 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const end = (): never => process.exit(128 + constants.signals[signal]);
      if (hasEnded) end();
      hasEnded = true;
      onInterrupt();
      output.end(end);
      setTimeout(end, GRACE_MS);
    });
  }
}
