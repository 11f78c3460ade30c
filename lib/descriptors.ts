import { readdir, readFile } from 'node:fs/promises';

/** Descriptors kept free for what is not a client: spilled segments, an audit file, whatever a transform opens. */
const RESERVE = 16;

/**
 * How many connections this process can hold, by its limit of descriptors. At that limit Node accepts a
 * connection and closes it without a word, and no file can be opened any more.
 */
export async function descriptorsLeft(): Promise<number> {
  const limit = await descriptorLimit();
  // Where the open ones cannot be counted, a process that has done nothing yet has some twenty.
  const open = await readdir('/proc/self/fd').then(
    (names) => names.length,
    () => 24,
  );
  return Math.max(1, limit - open - RESERVE);
}

async function descriptorLimit(): Promise<number> {
  // getrlimit(2), RLIMIT_NOFILE. The report says it everywhere, the file within a tenth of the time.
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft =
    /^Max open files\s+(\S+)/m.exec(limits)?.[1] ??
    (process.report.getReport() as unknown as { userLimits?: { open_files?: { soft: string } } }).userLimits
      ?.open_files?.soft;
  const limit = Number(soft);
  return Number.isInteger(limit) ? limit : Number.MAX_SAFE_INTEGER;
}
