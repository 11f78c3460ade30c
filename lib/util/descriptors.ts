import { readdirSync, readFileSync } from 'node:fs';
import { tryCall } from './try-call.js';

/** Descriptors kept free for audit files and for what transforms open. */
const RESERVED_DESCRIPTORS = 8;
/** The start of a process needs this many descriptors for a moment, in addition to those that it keeps open. */
const START_DESCRIPTORS = 8;
const MIN_SPILL_FILES = 8;
const MAX_SPILL_FILES = 96;
/** An estimate for a process that has just started, where the open descriptors cannot be counted. */
const INITIAL_DESCRIPTORS = 24;

/** How the file descriptors of this process are divided. */
export interface DescriptorBudget {
  readonly maxConnections: number;
  readonly maxSpillFiles: number;
}

/**
 * Divides the descriptors that this process may open between connections and spill files. Node closes a connection
 * above the limit without reporting an error, so the relay has to refuse clients before the limit is reached.
 *
 * @param perClient descriptors that the transforms of one client may keep open
 */
export function descriptorBudget(perClient = 0): DescriptorBudget {
  const limit = descriptorLimit();
  const open =
    tryCall(() => readdirSync('/proc/self/fd', { recursive: false }).length) ?? INITIAL_DESCRIPTORS;
  const maxSpillFiles = Math.min(MAX_SPILL_FILES, Math.max(MIN_SPILL_FILES, Math.floor(limit / 16)));
  const reserved = RESERVED_DESCRIPTORS + (perClient > 0 ? START_DESCRIPTORS : 0);
  const free = limit - open - maxSpillFiles - reserved;
  return { maxConnections: Math.max(1, Math.floor(free / (1 + perClient))), maxSpillFiles };
}

/** The soft limit of RLIMIT_NOFILE, see getrlimit(2). */
export function descriptorLimit(): number {
  // The file takes a tenth of the time of the report, but exists on Linux only.
  const limits = tryCall(() => readFileSync('/proc/self/limits', 'utf8')) ?? '';
  const soft =
    /^Max open files\s+(\S+)/m.exec(limits)?.[1] ??
    (process.report.getReport() as unknown as { userLimits?: { open_files?: { soft: string } } }).userLimits
      ?.open_files?.soft;
  const limit = Number(soft);
  return Number.isInteger(limit) ? limit : Number.MAX_SAFE_INTEGER;
}
