import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import type { Case, Rank } from '../../lib/conformance/case.js';
import { SIGNS } from '../../lib/conformance/case-line.js';
import type { Progress } from '../../lib/conformance/reporter.js';
import type { Result } from '../../lib/conformance/run.js';

/** Shows how far a run is. */
export interface ProgressView {
  onCaseStart(one: Case): void;
  onResult(result: Result, progress: Progress): void;
  /** Removes the line from the terminal, until the next event. */
  hide(): void;
  /** Removes the line for good. Resolves when this is written, so that a report on another descriptor can follow. */
  end(): Promise<void>;
}

/** How long the cases of a rank take, compared with each other. */
const WEIGHTS: Readonly<Record<Rank, number>> = { subject: 1, exam: 2, practice: 4, beyond: 8 };

const REDRAW_INTERVAL_MS = 250;
/** Before this time, the estimate says little. */
const MIN_ESTIMATE_MS = 1000;

const ERASE_LINE = '\r\x1b[K';

/** Whether a line on this descriptor can be replaced. */
export function isLive(fd: number, { TERM, CI }: NodeJS.ProcessEnv): boolean {
  return isatty(fd) && TERM !== 'dumb' && (CI === undefined || CI === '' || CI === 'false');
}

/** Replaces one line of a terminal. */
export function liveProgress(output: Writable, columns: () => number, cases: readonly Case[]): ProgressView {
  const start = performance.now();
  const running = new Set<Case>();
  const totalWeight = sumOf(cases);
  let finished: Progress = { finished: 0, total: cases.length };
  let finishedWeight = 0;
  let isShown = false;
  const draw = (): void => {
    // A terminal that is held with Ctrl-S gets no further lines.
    if (output.writableNeedDrain) return;
    const line = progressLine(
      finished,
      [...running][0],
      performance.now() - start,
      finishedWeight / totalWeight,
    );
    output.write(ERASE_LINE + line.slice(0, Math.max(0, columns() - 1)));
    isShown = true;
  };
  const erase = async (): Promise<void> => {
    if (!isShown) return;
    isShown = false;
    await new Promise<void>((resolve) => output.write(ERASE_LINE, () => resolve()));
  };
  const timer = setInterval(draw, REDRAW_INTERVAL_MS);
  return {
    onCaseStart(one) {
      running.add(one);
      draw();
    },
    onResult(result, progress) {
      running.delete(result.case);
      finished = progress;
      finishedWeight += WEIGHTS[result.case.rank];
      draw();
    },
    hide: () => void erase(),
    end() {
      clearInterval(timer);
      return erase();
    },
  };
}

function sumOf(cases: readonly Case[]): number {
  return cases.reduce((sum, { rank }) => sum + WEIGHTS[rank], 0);
}

/** Returns `[12/62] every-line … 3 s of about 20 s`. */
export function progressLine(
  { finished, total }: Progress,
  one: Case | undefined,
  elapsedMs: number,
  share: number,
): string {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  const estimate =
    elapsedMs < MIN_ESTIMATE_MS || share === 0 ? '' : ` of about ${seconds(elapsedMs / share)}`;
  return `[${finished}/${total}] ${one?.name ?? ''} … ${seconds(elapsedMs)}${estimate}`;
}

/** Prints a line for each case, where a line cannot be replaced. */
export function printedProgress(output: Writable): ProgressView {
  return {
    onCaseStart() {},
    onResult({ case: { name, title }, outcome, reason }, { finished, total }) {
      const text = reason === undefined ? title : `${outcome}: ${reason}`;
      const count = `[${String(finished).padStart(String(total).length)}/${total}]`;
      output.write(`${count} ${SIGNS[outcome]} ${name}: ${text}\n`);
    },
    hide() {},
    async end() {},
  };
}
