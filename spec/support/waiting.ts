/** How long a spec waits for what must come, in milliseconds. Running out of it only ever fails a test. */
export const WAIT_LIMIT_MS = Number(process.env.MINI_SERV_WAIT_LIMIT_MS ?? 60_000);

/** The promise's own outcome, or a failure that says what was waited for. */
export async function within<T>(promise: Promise<T>, what: string, ms = WAIT_LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again until it is so; for what can only be looked at (a file, a table of the kernel's). */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, ms = WAIT_LIMIT_MS) {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Some turns of the event loop: what needs no more than that to happen has happened. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
