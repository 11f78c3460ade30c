/**
 * Tasks that run after the current test, the last one first: they end the processes and connections that the test
 * has started, so that mocha ends by itself.
 */
const tasks: (() => Promise<void>)[] = [];

export function addCleanup(task: () => Promise<void> | void): void {
  tasks.push(async () => task());
}

afterEach('clean up processes and connections', async () => {
  const failures: unknown[] = [];
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    // A task that fails must not keep the others from running.
    await task().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
});
