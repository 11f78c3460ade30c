import { readFileSync } from 'node:fs';

/** Returns the version of mini-serv. */
export function version(): string {
  // package.json is two folders above the compiled command, in a checkout as in an installed package.
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
