const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

/** @param attempts how many attempts have failed in a row, at least 1 */
export function retryDelayMs(attempts: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), MAX_DELAY_MS);
}
