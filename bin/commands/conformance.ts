import { accessSync, constants as fsConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Rank } from '../../lib/conformance/case.js';
import { jsonCase, jsonReport } from '../../lib/conformance/json-report.js';
import { caseList, conclusion, rankHeading, resultLine } from '../../lib/conformance/report.js';
import { type Result, runCases } from '../../lib/conformance/run.js';
import { killServers } from '../../lib/conformance/server.js';
import { compile, removePrograms, type Source } from '../../lib/conformance/source.js';
import { coloured, plain } from '../../lib/conformance/text.js';
import { type Verdict, verdictOf } from '../../lib/conformance/verdict.js';
import type { Command } from '../arguments.js';
import { CommandError } from '../console.js';
import { UsageError } from '../options/usage-error.js';
import { openOutput } from '../output.js';
import { hasTerminal } from '../service/terminals.js';
import { hasColours } from '../style.js';
import { type Request, requestOf } from './conformance-options.js';

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
    output.write(request.json ? toJson(request.cases.map(jsonCase)) : caseList(request.cases));
  } else {
    cleanUpOnExit();
    try {
      process.exitCode = EXIT_CODES[await test(request, output)];
    } catch (error) {
      const [message = '', ...details] = explainError(error as Error, request.command[0]).split('\n');
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

/** Runs the cases and prints the report; returns the verdict. */
async function test(request: Request & { kind: 'test' }, output: Writable): Promise<Verdict> {
  const { cases, timeoutMs, required, json } = request;
  const { command, source } = await prepare(request);
  if (json) {
    const results = await runCases({ command, source, cases, timeoutMs });
    output.write(toJson(jsonReport(results, required, { command, source, timeoutMs })));
    return verdictOf(results, required);
  }
  const paint = hasColours(1) ? coloured : plain;
  let rank: Rank | undefined;
  const onResult = (result: Result): void => {
    if (result.case.rank !== rank) {
      rank = result.case.rank;
      output.write(rankHeading(rank, required, paint));
    }
    output.write(resultLine(result, paint));
  };
  output.write(`Testing ${request.command.join(' ')} against the subject of mini_serv\n`);
  const results = await runCases({ command, source, cases, timeoutMs, onResult });
  output.write(conclusion(results, required, paint));
  return verdictOf(results, required);
}

/** Compiles the source file, or checks that the program can be started. */
async function prepare({
  command,
  cases,
}: Request & { kind: 'test' }): Promise<{ command: readonly string[]; source?: Source }> {
  const [file = '', ...args] = command;
  if (!file.endsWith('.c')) {
    checkProgram(file);
    return { command };
  }
  const source = await compile(file);
  if (!source.isCompiled && !cases.some(({ name }) => name === 'compiles')) {
    const reason = `${file} cannot be tested: it does not compile (cc -Wall -Wextra -Werror)`;
    throw new Error([reason, ...source.diagnostics].join('\n'));
  }
  return { command: [source.program, ...args], source };
}

/** Fails with the error with which starting the program would fail. */
function checkProgram(file: string): void {
  const isPath = file.includes('/');
  const folders = isPath ? [''] : (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => (isPath ? file : join(folder || '.', file))).filter(isFile);
  if (found.length === 0) throw Object.assign(new Error(file), { code: 'ENOENT' });
  if (!found.some(isExecutable)) throw Object.assign(new Error(file), { code: 'EACCES' });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, fsConstants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function explainError(error: NodeJS.ErrnoException, file = ''): string {
  if (error.code === 'ENOENT') {
    if (file.endsWith('.c')) return `${file} cannot be tested: there is no such file`;
    const hint = file.includes('/') ? '' : ` in PATH (for a program in this directory, write ./${file})`;
    return `${file} cannot be tested: there is no such program${hint}`;
  }
  if (error.code === 'EACCES') {
    const problem = file.endsWith('.c') ? 'readable' : `executable (chmod +x ${file})`;
    return `${file} cannot be tested: it is not ${problem}`;
  }
  // Errors without a code have a message for the user, except those of a bug in the kit.
  const isExplained = error.code === undefined && !(error instanceof TypeError);
  return isExplained ? error.message : (error.stack ?? error.message);
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
