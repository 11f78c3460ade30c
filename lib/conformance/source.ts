import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chooseCompilers, runTool } from './compilers.js';

/** The result of one compiler for a source file. */
export interface Compilation {
  readonly compiler: string;
  readonly isOk: boolean;
  /** The messages of the command of the subject, which has no flags. */
  readonly messages: readonly string[];
  /** The messages with -Wall -Wextra. */
  readonly warnings: readonly string[];
}

/** A source file, and the result of compiling it. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly compilations: readonly Compilation[];
  /** Whether at least one compiler accepts it. */
  readonly isCompiled: boolean;
  /** The path of the compiled program: that of the first compiler which accepts the file. */
  readonly program: string;
  /** The functions and variables that the object file needs from others; undefined if there is no `nm`. */
  readonly undefinedSymbols: readonly string[] | undefined;
}

const WARNING_FLAGS = ['-Wall', '-Wextra'];

const folders = new Set<string>();

/** Removes all compiled programs. */
export function removePrograms(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/**
 * Compiles a source file in a temporary directory, with gcc and with clang if both are installed.
 *
 * @throws the system's error if the file cannot be read, and an Error with a message for the user if there is no
 *   compiler, or the temporary directory cannot be used
 */
export async function compile(path: string): Promise<Source> {
  const text = readFileSync(path, 'utf8');
  const compilers = await chooseCompilers();
  if (compilers.length === 0) {
    throw new Error(`${path} cannot be tested: there is no C compiler; install gcc or clang`);
  }
  const folder = makeFolder(path);
  const builds = await Promise.all(
    compilers.map((compiler) => build(compiler, path, join(folder, compiler))),
  );
  const tested = builds.find(({ isOk }) => isOk);
  if (tested !== undefined) checkCanRun(path, tested.program);
  return {
    path,
    text,
    compilations: builds,
    program: (tested ?? builds[0])?.program ?? '',
    isCompiled: tested !== undefined,
    undefinedSymbols: tested && (await readSymbols(tested.object)),
  };
}

interface Build extends Compilation {
  readonly program: string;
  readonly object: string;
}

/** Compiles the file without flags, as the subject does, and with warnings. */
async function build(compiler: string, path: string, stem: string): Promise<Build> {
  // The name of the program is that of the file, as it is seen in the list of processes.
  const program = `${stem}-${basename(path, '.c')}`;
  const object = `${program}.o`;
  // A path that begins with - would be an option of the compiler.
  const file = path.startsWith('-') ? `./${path}` : path;
  const [plain, strict] = await Promise.all([
    runTool(compiler, [file, '-o', program]),
    runTool(compiler, [...WARNING_FLAGS, '-c', file, '-o', object]),
  ]);
  const obstacle = [plain, strict].find(({ obstacle }) => obstacle !== undefined)?.obstacle;
  if (obstacle !== undefined) throw new Error(`${path} cannot be tested: ${compiler} ${obstacle}`);
  return { compiler, isOk: plain.isOk, messages: plain.lines, warnings: strict.lines, program, object };
}

async function readSymbols(object: string): Promise<readonly string[] | undefined> {
  const symbols = await runTool('nm', ['-u', object]);
  return symbols.isOk ? symbols.lines.flatMap(parseSymbol) : undefined;
}

function parseSymbol(line: string): string[] {
  const [name, kind = 'U'] = line.trim().split(/\s+/).reverse();
  // The compiler adds weak symbols, which may be missing; the source does not call them.
  if (name === undefined || name === '' || kind !== 'U') return [];
  return [process.platform === 'darwin' ? name.replace(/^_/, '').replace(/\$.*/, '') : name];
}

const TMPDIR_REMEDY = 'set TMPDIR to another directory, for example with export TMPDIR="$HOME"';

function makeFolder(path: string): string {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'mini-serv-conformance-'));
    folders.add(folder);
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${path} cannot be tested: no directory can be made in the temporary directory ${tmpdir()} (${code}); ${TMPDIR_REMEDY}`,
    );
  }
}

/** On a file system that is mounted noexec, a program can be written but not started. */
function checkCanRun(path: string, program: string): void {
  try {
    accessSync(program, constants.X_OK);
  } catch {
    throw new Error(
      `${path} cannot be tested: no program can be started in the temporary directory ${tmpdir()}, which is mounted noexec; ${TMPDIR_REMEDY}`,
    );
  }
}
