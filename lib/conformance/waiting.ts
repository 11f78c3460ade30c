/** How long a case waits. */
export interface TimeLimits {
  /** For the next byte of an expected text, in milliseconds. */
  readonly timeoutMs: number;
  /** The end of the whole case, on the clock of `performance.now()`. */
  readonly deadlineMs: number;
}

/** Returns the value of the promise, or undefined after the given time. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

const MAX_POLL_INTERVAL_MS = 20;

/** Polls a condition until it holds or the time is over; returns whether it holds. */
export async function eventually(holds: () => Promise<boolean> | boolean, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  let interval = 1;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, interval));
    interval = Math.min(interval * 1.5, MAX_POLL_INTERVAL_MS);
  }
  return true;
}
