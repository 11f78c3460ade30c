import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Rank } from './case.js';
import { jsonCase, jsonReport } from './json-report.js';
import { HELP, parseRequest, type Request } from './options.js';
import { coloured, conclusion, heading, listing, plain, summaryLine } from './report.js';
import { type Result, runCases } from './run.js';
import { killAll } from './server.js';
import { compile, removeAll, type Source } from './source.js';
import { conforms } from './verdict.js';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether what is written may be in colours. */
  readonly colours: boolean;
}

/**
 * `mini-serv conformance`.
 *
 * @param args those behind that word
 * @returns the exit code: 0 if all that is required holds, 1 if not, 2 if nothing could be judged
 */
export async function conformance(args: readonly string[], terminal: Terminal): Promise<number> {
  const request = parseRequest(args);
  switch (request.kind) {
    case 'help':
      terminal.out(HELP);
      return 0;
    case 'usage':
      terminal.err(`${request.message}\nSee mini-serv conformance --help\n`);
      return 2;
    case 'list':
      terminal.out(request.json ? json(request.cases.map(jsonCase)) : listing(request.cases));
      return 0;
    case 'judge':
      try {
        return await judge(request, terminal);
      } catch (error) {
        terminal.err(`${reason(error as NodeJS.ErrnoException, request.command[0])}\n`);
        return 2;
      } finally {
        cleanUp();
      }
  }
}

/** Ends and takes away whatever is left, at once. */
export function cleanUp(): void {
  killAll();
  removeAll();
}

async function judge(request: Request & { kind: 'judge' }, terminal: Terminal): Promise<number> {
  const { cases, timeout, required } = request;
  const [file = '', ...args] = request.command;
  const source: Source | undefined = file.endsWith('.c') ? await compile(file) : undefined;
  if (source?.compiled === false && !cases.some(({ name }) => name === 'compiles')) {
    throw new Error(
      [
        `${file} cannot be judged: it does not compile (cc -Wall -Wextra -Werror)`,
        ...source.diagnostics,
      ].join('\n'),
    );
  }
  if (source === undefined) checkProgram(file);
  const command = source === undefined ? request.command : [source.program, ...args];
  const paint = terminal.colours ? coloured : plain;
  let rank: Rank | undefined;
  const report = (result: Result): void => {
    if (result.case.rank !== rank) {
      rank = result.case.rank;
      terminal.out(heading(rank, required, paint));
    }
    terminal.out(summaryLine(result, paint));
  };
  if (!request.json) terminal.out(`mini_serv, judged by its subject: ${request.command.join(' ')}\n`);
  const results = await runCases({ command, source, cases, timeout, ...(!request.json && { report }) });
  if (request.json) terminal.out(json(jsonReport(results, required, { command, source, timeout })));
  else terminal.out(conclusion(results, required, paint));
  return conforms(results, required) ? 0 : 1;
}

/** Fails as starting it would, before anything is said. */
function checkProgram(file: string): void {
  const folders = file.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  const found = folders
    .map((folder) => (file.includes('/') ? file : join(folder || '.', file)))
    .filter(isFile);
  if (found.length === 0) throw Object.assign(new Error(file), { code: 'ENOENT' });
  if (!found.some(isExecutable)) throw Object.assign(new Error(file), { code: 'EACCES' });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function reason(error: NodeJS.ErrnoException, file = ''): string {
  if (error.code === 'ENOENT') {
    if (file.endsWith('.c')) return `${file} cannot be judged: there is no such file`;
    const hint = file.includes('/') ? '' : ` (a program in this directory is ./${file})`;
    return `${file} cannot be judged: there is no such program${hint}`;
  }
  if (error.code === 'EACCES' && file.endsWith('.c')) return `${file} cannot be judged: it may not be read`;
  if (error.code === 'EACCES') return `${file} cannot be judged: it may not be run (chmod +x ${file})`;
  return error.code === undefined && !(error instanceof TypeError)
    ? error.message
    : (error.stack ?? error.message);
}
