import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A source file, and what came of compiling it. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly compiled: boolean;
  /** What the compiler has said. */
  readonly diagnostics: readonly string[];
  /** The program, where it was compiled. */
  readonly program: string;
  /** What its object file asks others for; undefined where that cannot be found out. */
  readonly undefinedSymbols: readonly string[] | undefined;
}

/** How long a compiler may take, in ms. */
const COMPILING = 60_000;
const FLAGS = ['-Wall', '-Wextra', '-Werror'];

const folders = new Set<string>();

/** Takes away what was compiled. */
export function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/**
 * Compiles a source file in a temporary directory.
 *
 * @throws what reading the file fails with, and an Error if there is no compiler
 */
export async function compile(path: string): Promise<Source> {
  const text = readFileSync(path, 'latin1');
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-conformance-'));
  folders.add(folder);
  const program = join(folder, basename(path, '.c'));
  const object = `${program}.o`;
  // What begins with a - would be an option.
  const file = path.startsWith('-') ? `./${path}` : path;
  const built = await run('cc', [...FLAGS, file, '-o', program]);
  if (built.missing)
    throw new Error(`${path} cannot be compiled, and was not judged: there is no cc on this computer`);
  await run('cc', ['-c', file, '-o', object]);
  const symbols = await run('nm', ['-u', object]);
  return {
    path,
    text,
    program,
    compiled: built.ok,
    diagnostics: built.output.trimEnd().split('\n').filter(Boolean),
    undefinedSymbols: symbols.ok ? symbols.output.split('\n').flatMap(symbolOf) : undefined,
  };
}

function symbolOf(line: string): string[] {
  const [name, kind = 'U'] = line.trim().split(/\s+/).reverse();
  // What may be missing (weak) is nothing that the source calls.
  if (name === undefined || name === '' || kind !== 'U') return [];
  return [process.platform === 'darwin' ? name.replace(/^_/, '').replace(/\$.*/, '') : name];
}

function run(
  file: string,
  args: readonly string[],
): Promise<{ ok: boolean; missing: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: COMPILING, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, missing: error?.code === 'ENOENT', output: stdout + stderr }),
    );
  });
}
