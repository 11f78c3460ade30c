// The output of the test runner. On a terminal the last line is live; elsewhere each group has a line when it has ended.
const LIVE = process.stdout.isTTY === true;
const LIVE_INTERVAL_MS = 200;
const CLEAR_LINE = '\r\x1b[K';

/** @param {number} jobs how many groups and checks there are */
export function createReport(jobs) {
  const started = performance.now();
  const tally = { passed: 0, failed: 0, skipped: 0 };
  const running = new Set();
  let done = 0;

  const elapsed = () => formatSeconds((performance.now() - started) / 1000);
  const drawLive = () => {
    const names = [...running].map(({ name, passed }) => (passed > 0 ? `${name} ${passed}` : name));
    const counts = `${tally.passed} passed, ${tally.failed} failed, ${elapsed()}`;
    const line = `[${done}/${jobs}] ${counts}: ${names.join(' | ')}`;
    process.stdout.write(`${CLEAR_LINE}${line.slice(0, (process.stdout.columns || 80) - 1)}`);
  };
  const print = (text) => {
    process.stdout.write(`${LIVE ? CLEAR_LINE : ''}${text}\n`);
    if (timer !== undefined) drawLive();
  };
  let timer = LIVE ? setInterval(drawLive, LIVE_INTERVAL_MS) : undefined;

  return {
    tally,
    print,
    elapsed,
    /** A group or a check begins. */
    begin(name) {
      const job = { name, passed: 0, failed: 0, skipped: 0, started: performance.now() };
      running.add(job);
      return job;
    },
    count(job, kind) {
      job[kind]++;
      tally[kind]++;
    },
    /** Prints a failure in full, with the command that shows it again. */
    fail(job, { title, text, again }) {
      job.failed++;
      tally.failed++;
      const lines = [
        `FAILED ${job.name}: ${title}`,
        text,
        ...(again === undefined ? [] : [`run again: ${again}`]),
      ];
      print(`\n${lines.filter((line) => line !== '').join('\n')}\n`);
    },
    /** @param {string} [empty] what to print for a job that has counted nothing */
    end(job, empty = 'passed') {
      running.delete(job);
      done++;
      const seconds = formatSeconds((performance.now() - job.started) / 1000);
      print(`[${done}/${jobs}] ${job.name}: ${resultOf(job) || empty} in ${seconds}`);
    },
    /** Stops the live line; what is printed from here on is the end of the output. */
    close() {
      clearInterval(timer);
      timer = undefined;
      if (LIVE) process.stdout.write(CLEAR_LINE);
    },
  };
}

/** `94 passed, 2 failed`; empty for a check that has passed, because it has no specs. */
function resultOf({ passed, failed, skipped }) {
  const counts = { passed, failed, skipped };
  const parts = Object.keys(counts).filter((kind) => counts[kind] > 0);
  return parts.map((kind) => `${counts[kind]} ${kind}`).join(', ');
}

/** 41 s, or 2 min 21 s. */
export function formatSeconds(seconds) {
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Columns that line up, for tables of a few rows. */
export function formatTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, i) => cell.padEnd(widths[i]))
          .join('  ')
          .trimEnd()}`,
    )
    .join('\n');
}
