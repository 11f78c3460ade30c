import { isAbsolute, relative, resolve } from 'node:path';
import type { Result } from '../run.js';

/** A place in the source file that a failure is about. */
export interface Location {
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

const DIAGNOSTIC = /^(.+?):(\d+):(?:(\d+):)? (?:fatal )?(?:error|warning): (.*)$/s;
const RULE = /^line (\d+): (.*)$/s;

/** Finds the places that the compiler or a rule for the source names, one for each line of the source. */
export function locationsOf({ details }: Result, sourcePath: string): Location[] {
  const found = (details?.output ?? []).flatMap((text): Location[] => {
    const [, file, line, column, message] = DIAGNOSTIC.exec(text) ?? [];
    if (file !== undefined) {
      if (resolve(file) !== resolve(sourcePath)) return [];
      const place = { line: Number(line), message: message as string };
      return [column === undefined ? place : { ...place, column: Number(column) }];
    }
    const [, ruleLine, code] = RULE.exec(text) ?? [];
    return ruleLine === undefined ? [] : [{ line: Number(ruleLine), message: code as string }];
  });
  // Two compilers report the same mistake in different words.
  return found.filter(({ line }, i) => found.findIndex((other) => other.line === line) === i);
}

/** Returns a path as GitHub expects it: relative to the repository, if it is inside. */
export function pathInRepository(path: string, workspace: string | undefined): string {
  if (workspace === undefined) return path;
  const inside = relative(workspace, resolve(path));
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}
