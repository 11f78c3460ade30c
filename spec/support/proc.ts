import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Server } from './command.js';

// Linux alone tells these things; specs that ask for them say so where they run elsewhere.
export const HAS_PROC = process.platform === 'linux';

/** Resident memory of a server, in bytes: now, or the most it has been. */
export function resident(server: Server, field: 'VmRSS' | 'VmHWM' = 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) * 1024;
}

/** Bytes in files that a server holds open and that have no name any more: its spilled segments. */
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

/** Time that a server has spent on a processor, in the kernel's ticks, of which there are a hundred a second. */
export function ticks(server: Server): number {
  const stat = readFileSync(`/proc/${server.process.pid}/stat`, 'utf8');
  // proc(5): utime and stime are the 14th and the 15th, and a name in brackets may have blanks in it.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user) + Number(system);
}
