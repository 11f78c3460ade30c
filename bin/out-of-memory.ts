const MESSAGE =
  'out of memory; lower --memory or --max-line, or raise the memory limit of this process (ulimit -v) or of its container';

/** Explains a failed allocation. Returns undefined for another error. */
export function explainOutOfMemory(error: NodeJS.ErrnoException): string | undefined {
  const isAllocation = error instanceof RangeError && /allocation failed/i.test(error.message);
  return isAllocation || /^(ENOMEM|ERR_MEMORY_ALLOCATION_FAILED)$/.test(error.code ?? '')
    ? MESSAGE
    : undefined;
}
