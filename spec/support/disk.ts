import { spawnSync } from 'node:child_process';
import { addCleanup } from './cleanup.js';
import { folder } from './modules.js';
import { hasTool } from './tools.js';

/**
 * Mounts a tmpfs until the test ends.
 *
 * @param size as for mount(8), such as `16m`
 * @returns its folder; undefined if this process may not mount
 */
export async function smallDisk(size: string): Promise<string | undefined> {
  const dir = await folder({});
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]).status !== 0) return undefined;
  // Unmounted lazily, because a process that has files open there may end later.
  addCleanup(() => void spawnSync('umount', ['-l', dir]));
  return dir;
}

/** Whether specs may mount a small file system. */
export const canMount = (): boolean => hasTool('tmpfs');
