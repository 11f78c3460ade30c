import { isAbsolute, relative, resolve } from 'node:path';
import type { Result } from '../run.js';

/** A place in the source file that a failure is about. */
export interface Location {
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

const DIAGNOSTIC = /^(.+?):(\d+):(?:(\d+):)? (?:fatal )?(error|warning): (.*)$/s;
const RULE = /^line (\d+): (.*)$/s;

/**
 * Finds the places that the compiler or a rule for the source names, one for each line of the source. Those of errors
 * come before those of warnings, because GitHub shows only some.
 */
export function locationsOf({ details }: Result, sourcePath: string): Location[] {
  const errors: Location[] = [];
  const warnings: Location[] = [];
  for (const text of details?.output ?? []) {
    const [, file, line, column, kind, message = ''] = DIAGNOSTIC.exec(text) ?? [];
    const [, ruleLine, code = ''] = RULE.exec(text) ?? [];
    if (file !== undefined) {
      if (resolve(file) !== resolve(sourcePath)) continue;
      const place = { line: Number(line), ...(column !== undefined && { column: Number(column) }), message };
      (kind === 'error' ? errors : warnings).push(place);
    } else if (ruleLine !== undefined) {
      errors.push({ line: Number(ruleLine), message: code });
    }
  }
  const found = [...errors, ...warnings];
  // Two compilers report the same mistake in different words.
  return found.filter(({ line }, i) => found.findIndex((other) => other.line === line) === i);
}

/** Returns a path as GitHub expects it: relative to the repository, if it is inside. */
export function pathInRepository(path: string, workspace: string | undefined): string {
  if (workspace === undefined) return path;
  const inside = relative(workspace, resolve(path));
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}
