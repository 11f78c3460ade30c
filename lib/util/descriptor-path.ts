import { realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { tryCall } from './try-call.js';

/** On Linux these are links to /proc/self/fd, which other users cannot replace. */
const STANDARD_PATHS = ['/dev/stdin', '/dev/stdout', '/dev/stderr'];

/** The descriptor of this process that a path such as `/dev/stdout`, `/dev/fd/63` or `/proc/self/fd/1` stands for. */
export function descriptorOf(path: string): number | undefined {
  const standard = STANDARD_PATHS.indexOf(resolve(path));
  if (standard !== -1) return standard;
  const folder = tryCall(() => realpathSync(dirname(path)));
  const isOwn = folder === '/dev/fd' || folder === `/proc/${process.pid}/fd`;
  return isOwn && /^\d+$/.test(basename(path)) ? Number(basename(path)) : undefined;
}
