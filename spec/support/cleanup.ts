/**
 * What a spec starts, it need not end: processes and connections are put away after each test, the last
 * first, so that mocha comes to its end by itself.
 */
const pending: (() => Promise<void>)[] = [];

export function afterwards(task: () => Promise<void> | void): void {
  pending.push(async () => task());
}

afterEach('put away processes and connections', async () => {
  const failures: unknown[] = [];
  for (let task = pending.pop(); task; task = pending.pop()) {
    // One that cannot be put away is no reason to leave the others.
    await task().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
});
