import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

export interface WebFile {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Relative to `dist/bin` and to `dist/command` alike. */
const FOLDER = new URL('../page/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the files of the page. Only their names can be requested, so no path in a request reaches the file system. */
export function readWebFiles(): Map<string, WebFile> {
  return new Map(
    readdirSync(FOLDER).map((name) => [
      name === 'index.html' ? '/' : `/${name}`,
      {
        type: TYPES[extname(name)] as string,
        bytes: readFileSync(new URL(name, FOLDER)),
      },
    ]),
  );
}
