import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A source file, and the result of compiling it. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly isCompiled: boolean;
  /** The messages of the compiler. */
  readonly diagnostics: readonly string[];
  /** The path of the compiled program. */
  readonly program: string;
  /** The functions and variables that the object file needs from others; undefined if there is no `nm`. */
  readonly undefinedSymbols: readonly string[] | undefined;
}

const COMPILE_TIMEOUT_MS = 60_000;
const FLAGS = ['-Wall', '-Wextra', '-Werror'];

const folders = new Set<string>();

/** Removes all compiled programs. */
export function removePrograms(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/**
 * Compiles a source file in a temporary directory.
 *
 * @throws the system's error if the file cannot be read, and an Error if there is no compiler
 */
export async function compile(path: string): Promise<Source> {
  const text = readFileSync(path, 'latin1');
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-conformance-'));
  folders.add(folder);
  const program = join(folder, basename(path, '.c'));
  const object = `${program}.o`;
  // A path that begins with - would be an option of the compiler.
  const file = path.startsWith('-') ? `./${path}` : path;
  const build = await run('cc', [...FLAGS, file, '-o', program]);
  if (build.isMissing) {
    throw new Error(`${path} cannot be tested: there is no C compiler; install one that is called cc`);
  }
  await run('cc', ['-c', file, '-o', object]);
  const symbols = await run('nm', ['-u', object]);
  return {
    path,
    text,
    program,
    isCompiled: build.isOk,
    diagnostics: build.output.trimEnd().split('\n').filter(Boolean),
    undefinedSymbols: symbols.isOk ? symbols.output.split('\n').flatMap(parseSymbol) : undefined,
  };
}

function parseSymbol(line: string): string[] {
  const [name, kind = 'U'] = line.trim().split(/\s+/).reverse();
  // The compiler adds weak symbols, which may be missing; the source does not call them.
  if (name === undefined || name === '' || kind !== 'U') return [];
  return [process.platform === 'darwin' ? name.replace(/^_/, '').replace(/\$.*/, '') : name];
}

interface Finished {
  readonly isOk: boolean;
  readonly isMissing: boolean;
  readonly output: string;
}

function run(file: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: COMPILE_TIMEOUT_MS, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve({ isOk: error === null, isMissing: error?.code === 'ENOENT', output: stdout + stderr }),
    );
  });
}
