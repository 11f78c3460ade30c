import { readFileSync } from 'node:fs';
import { childrenOf } from '../processes.js';

/** CPU time of processes in seconds, and their memory in bytes. */
export interface Usage {
  readonly user: number;
  readonly system: number;
  /** Memory that several processes share counts for each of them in part. */
  readonly memory: number;
}

/** The clock tick of `/proc/<pid>/stat`, which is 10 ms on all common architectures. */
const TICK_SECONDS = 0.01;

/** Reads the usage of a process from its files in /proc. */
export function usageOf(pid: number): Usage {
  const memory = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
  return { ...parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1')), memory: Number(memory) * 1024 };
}

/** Parses `/proc/<pid>/stat`. The name of a command may contain any character, but ends with the last bracket. */
export function parseStat(stat: string): { user: number; system: number } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) * TICK_SECONDS, system: Number(fields[12]) * TICK_SECONDS };
}

/** Sums up the usage of processes; with a second list, what was used in between. */
export function sumUsage(after: readonly Usage[], before: readonly Usage[] = []): Usage {
  const sum = (of: readonly Usage[], key: keyof Usage): number =>
    of.reduce((total, usage) => total + usage[key], 0);
  return {
    user: sum(after, 'user') - sum(before, 'user'),
    system: sum(after, 'system') - sum(before, 'system'),
    memory: sum(after, 'memory'),
  };
}

/** The usage of a relay by its roles: the processes that put lines in order, and those that own connections. */
export interface RelayUsage {
  readonly order: readonly Usage[];
  readonly writers: readonly Usage[];
}

/**
 * Reads the usage of a relay. A relay without child processes does everything itself, as one writer.
 *
 * @param engine the process of an engine that puts lines in order
 */
export function relayUsage(pid: number, engine?: number): RelayUsage {
  const children = childrenOf(pid);
  if (children.length === 0) return { order: [], writers: [usageOf(pid)] };
  const order = engine === undefined ? [pid] : [pid, engine];
  return { order: order.map(usageOf), writers: children.map(usageOf) };
}
