import type { Summary } from '../../lib/conformance/reporter.js';
import { FileWatcher, filesOf } from './watch-files.js';

export interface WatchedRun {
  readonly ended: Promise<Summary>;
  abort(): void;
}

/**
 * Runs the cases again after each change of the program or its source, and never returns. A change during a run starts
 * it again.
 *
 * @param start starts a run with these cases first
 * @param report prints why a run was not possible, or that the next change is awaited
 */
export async function watchRuns(
  command: readonly string[],
  start: (first: ReadonlySet<string>) => WatchedRun,
  report: (error?: unknown) => void,
): Promise<never> {
  let failed: ReadonlySet<string> = new Set();
  for (;;) {
    let hasChanged = false;
    let run: WatchedRun | undefined;
    let onChange = (): void => {};
    const changed = new Promise<void>((resolve) => {
      onChange = () => {
        hasChanged = true;
        run?.abort();
        resolve();
      };
    });
    const watcher = new FileWatcher(filesOf(command), () => onChange());
    run = start(failed);
    try {
      const { results } = await run.ended;
      failed = new Set(results.filter(({ outcome }) => outcome === 'failed').map((one) => one.case.name));
      report();
    } catch (error) {
      if (!hasChanged) report(error);
    }
    await changed;
    watcher.close();
  }
}
