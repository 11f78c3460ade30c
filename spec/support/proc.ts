import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { addCleanup } from './cleanup.js';
import type { Server } from './command.js';

// Only Linux has /proc. Specs that need it are skipped elsewhere.
export const HAS_PROC = process.platform === 'linux';

/** Resident memory of a server in bytes: the present value (VmRSS) or the peak (VmHWM). */
export function resident(server: Server, field: 'VmRSS' | 'VmHWM' = 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

/** Bytes in the spill files of a server, which are open and have no name. */
export function spilled(server: Server): number {
  const folder = `/proc/${server.process.pid}/fd`;
  let bytes = 0;
  for (const name of readdirSync(folder)) {
    try {
      const path = `${folder}/${name}`;
      if (readlinkSync(path).endsWith('segments (deleted)')) bytes += statSync(path).size;
    } catch {
      // Closed since the folder was read.
    }
  }
  return bytes;
}

/** How many descriptors a process holds open. */
export function openDescriptors(pid: number | undefined): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** CPU time of a server in ticks of the kernel, a hundred per second. */
export function ticks(server: Server): number {
  const stat = readFileSync(`/proc/${server.process.pid}/stat`, 'utf8');
  // proc(5): utime and stime are the fields 14 and 15. The name in brackets may contain spaces.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user) + Number(system);
}

/** Kills the process of a pid file after the test, for a server that is not a child of this process. */
export function killAfterTest(pidFile: string): void {
  addCleanup(() => {
    if (!existsSync(pidFile)) return;
    const pid = Number(readFileSync(pidFile, 'utf8'));
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
}

/** Whether a process exists, also as a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
