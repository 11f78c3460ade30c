import { spawnSync } from 'node:child_process';
import { afterwards } from './cleanup.js';
import { folder } from './modules.js';

/** A file system of a size of its own, in memory, or undefined where mounting is not allowed. */
export async function smallDisk(size: string): Promise<string | undefined> {
  const dir = await folder({});
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]).status !== 0) return undefined;
  // Lazily: whoever still writes there is put away after this.
  afterwards(() => void spawnSync('umount', ['-l', dir]));
  return dir;
}

/** Whether a small file system can be mounted here; says so once if not. */
export function canMount(): boolean {
  allowed ??= spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
  if (!allowed && !told) process.stderr.write('full disks are not tried: mounting is not allowed here\n');
  told = true;
  return allowed;
}
let allowed: boolean | undefined;
let told = false;
