import { readNames, readStat, readText } from './proc.js';

/** The times of each thread of a process since its start, in milliseconds. */
export type Threads = ReadonlyMap<string, { readonly runMs: number; readonly waitMs: number }>;

/** Reads how long each thread of a process has run and has waited for a processor. Only Linux tells. */
export function readThreads(pid: number): Threads {
  const folder = `/proc/${pid}/task`;
  const threads = new Map<string, { runMs: number; waitMs: number }>();
  for (const name of readNames(folder)) {
    const [run, wait] = readText(`${folder}/${name}/schedstat`)?.split(' ').map(Number) ?? [];
    if (run !== undefined && wait !== undefined) threads.set(name, { runMs: run / 1e6, waitMs: wait / 1e6 });
  }
  if (threads.size > 0) return threads;
  const stat = readStat(pid);
  return new Map(stat && [[`${pid}`, { runMs: stat.ticks * 10, waitMs: 0 }]]);
}

/** Returns how long all threads have run between two readings, and how long the one that ran longest has waited. */
export function activity(before: Threads, after: Threads): { runMs: number; waitMs: number } {
  const total = { runMs: 0, waitMs: 0 };
  let longestMs = 0;
  for (const [name, { runMs, waitMs }] of after) {
    const start = before.get(name);
    if (start === undefined) continue;
    const ranMs = runMs - start.runMs;
    total.runMs += ranMs;
    if (ranMs <= longestMs) continue;
    longestMs = ranMs;
    total.waitMs = waitMs - start.waitMs;
  }
  return total;
}
