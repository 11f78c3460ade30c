import { spawnSync } from 'node:child_process';
import { afterwards } from './cleanup.js';
import { folder } from './modules.js';
import { hasTool } from './tools.js';

/** A file system of a size of its own, in memory, or undefined where mounting is not allowed. */
export async function smallDisk(size: string): Promise<string | undefined> {
  const dir = await folder({});
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]).status !== 0) return undefined;
  // Lazily: whoever still writes there is put away after this.
  afterwards(() => void spawnSync('umount', ['-l', dir]));
  return dir;
}

/** Whether a small file system can be mounted here. */
export const canMount = (): boolean => hasTool('tmpfs');
