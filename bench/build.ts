// Compiles the load generator and the peers that are written in C, next to the compiled TypeScript.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../../bench', import.meta.url));
const built = fileURLToPath(new URL('./native', import.meta.url));

export const builtPath = (name: string): string => join(built, name);

/** @throws {Error} if this is not Linux, or if there is no C compiler */
export function buildNative(): void {
  if (process.platform !== 'linux')
    throw new Error(`the load generator needs Linux (epoll and /proc), and this is ${process.platform}`);
  mkdirSync(built, { recursive: true });
  const load = readdirSync(join(sources, 'load')).filter((name) => name.endsWith('.c'));
  compile(
    'load',
    load.map((name) => join('load', name)),
  );
  compile('limit', ['peers/limit.c']);
  compile('exam', ['peers/exam.c']);
}

function compile(name: string, files: readonly string[]): void {
  const args = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-w', '-o', builtPath(name), ...files];
  try {
    execFileSync('cc', args, { cwd: sources, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    throw new Error(
      code === 'ENOENT' ? 'no C compiler: install cc (Debian: apt-get install gcc)' : String(stderr),
    );
  }
}
