import { expect } from 'chai';

/** How long a spec waits for something, in milliseconds. To reach the limit only ever fails a test. */
export const WAIT_LIMIT_MS = Number(process.env.MINI_SERV_WAIT_LIMIT_MS ?? 60_000);

const POLL_INTERVAL_MS = 5;

/** The outcome of the promise, or a failure that names what did not happen within the limit. */
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

/** Polls until the condition holds: for what has no event, such as a file or a table of the kernel. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, ms = WAIT_LIMIT_MS) {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

/** Polls until what is read equals the expected value. The failure shows the difference. */
export async function eventuallyEqual<T>(what: string, read: () => Promise<T>, expected: T): Promise<void> {
  let value: T | undefined;
  const holds = async () => {
    value = await read();
    return JSON.stringify(value) === JSON.stringify(expected);
  };
  await eventually(what, holds).catch(() => expect(value).to.deep.equal(expected));
}

/** Lets the event loop turn a few times, so that everything that was scheduled has happened. */
export async function waitTurns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
