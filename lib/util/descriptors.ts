import { readdirSync, readFileSync } from 'node:fs';

/** Descriptors kept free for an audit file, and for whatever a transform opens. */
const RESERVE = 8;

export interface Descriptors {
  /** How many connections this process can hold. */
  readonly connections: number;
  /** How many files the spill may hold open beside them. */
  readonly files: number;
}

/**
 * What this process can hold, by its limit of descriptors. At that limit Node accepts a connection and closes it
 * without a word, and no file can be opened any more.
 */
export function descriptors(): Descriptors {
  const limit = descriptorLimit();
  // Where the open ones cannot be counted, a process that has done nothing yet has some twenty.
  const open = attempt(() => readdirSync('/proc/self/fd', { recursive: false }).length) ?? 24;
  const files = Math.min(96, Math.max(8, Math.floor(limit / 16)));
  return { connections: Math.max(1, limit - open - files - RESERVE), files };
}

/** What could be read of /proc or /dev, which are on no disk that could keep us waiting. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function descriptorLimit(): number {
  // getrlimit(2), RLIMIT_NOFILE. The report says it everywhere, the file within a tenth of the time.
  const limits = attempt(() => readFileSync('/proc/self/limits', 'utf8')) ?? '';
  const soft =
    /^Max open files\s+(\S+)/m.exec(limits)?.[1] ??
    (process.report.getReport() as unknown as { userLimits?: { open_files?: { soft: string } } }).userLimits
      ?.open_files?.soft;
  const limit = Number(soft);
  return Number.isInteger(limit) ? limit : Number.MAX_SAFE_INTEGER;
}
