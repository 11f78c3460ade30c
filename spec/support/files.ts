import { existsSync, readFileSync } from 'node:fs';

/** The text of a file that another process writes; empty while it does not exist. */
export function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
