import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findPortArgument } from '../../lib/conformance/port-argument.js';
import type { Plan } from '../../lib/conformance/reporter.js';
import { compile, type Source } from '../../lib/conformance/source.js';

/** The command that is started, and the source file that was compiled for it. */
export interface Prepared {
  readonly command: readonly string[];
  readonly source?: Source;
}

/** Compiles the source file, or checks that the program can be started. */
export async function prepare({ command, sourcePath, cases }: Plan): Promise<Prepared> {
  const [file = '', ...args] = command;
  if (sourcePath === undefined) {
    checkProgram(file);
    await rejectPort(command, command);
    return { command };
  }
  const source = await compile(sourcePath);
  if (!source.isCompiled && !cases.some(({ name }) => name === 'compiles')) {
    const reason = `${file} cannot be tested: it does not compile`;
    throw new Error([reason, ...(source.compilations[0]?.messages ?? [])].join('\n'));
  }
  const compiled = [source.program, ...args];
  if (source.isCompiled) await rejectPort(compiled, command);
  return { command: compiled, source };
}

/** Fails if the command has a port already. */
async function rejectPort(command: readonly string[], shown: readonly string[]): Promise<void> {
  const port = await findPortArgument(command);
  if (port === undefined) return;
  throw new Error(
    `${shown.join(' ')} cannot be tested: the kit adds a port of its own as the last argument; leave out ${port}, as in mini-serv conformance ${shown.slice(0, -1).join(' ')}`,
  );
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
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns why a command cannot be tested, in lines for the user. */
export function explainError(error: NodeJS.ErrnoException, { command, sourcePath }: Plan): string {
  const [file = ''] = command;
  if (error.code === 'ENOENT') {
    if (sourcePath !== undefined) return `${file} cannot be tested: there is no such file`;
    const hint = file.includes('/') ? '' : ` in PATH (for a program in this directory, write ./${file})`;
    return `${file} cannot be tested: there is no such program${hint}`;
  }
  if (error.code === 'EACCES') {
    const hasPermission = ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o111) !== 0;
    const advice = hasPermission ? 'it may be in a directory that is mounted noexec' : `chmod +x ${file}`;
    const problem = sourcePath === undefined ? `executable (${advice})` : 'readable';
    return `${file} cannot be tested: it is not ${problem}`;
  }
  // Errors without a code have a message for the user, except those of a bug in the kit.
  const isExplained = error.code === undefined && !(error instanceof TypeError);
  return isExplained ? error.message : (error.stack ?? error.message);
}
