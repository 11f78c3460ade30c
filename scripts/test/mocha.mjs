// Runs a group of spec files in one mocha process. Never with --exit: a process that does not end has leaked a handle.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, start } from './children.mjs';
import { isLong } from './groups.mjs';

const { timeout: TEST_TIMEOUT_MS } = JSON.parse(readFileSync(join(ROOT, '.mocharc.json'), 'utf8'));
/** A single test of the long specs may take minutes on a busy machine. */
const LONG_TEST_TIMEOUT_MS = 15 * 60_000;
/** Time without an event, beyond that in which mocha ends a test, before the process counts as hung. */
const SILENCE_GRACE_MS = 60_000;
/** Longest time between the last spec and the end of the process. */
const EXIT_LIMIT_MS = 60_000;
/** Longest time that processes which the specs have started may live on after mocha. */
const DESCENDANTS_LIMIT_MS = 60_000;
const POLL_INTERVAL_MS = 50;

/**
 * @typedef {object} Failure
 * @property {string} title
 * @property {string} text everything that is known of it
 * @property {string} [file] the spec file
 * @property {string} [again] the title to run the spec again with
 */

/**
 * Runs the specs and resolves when the process has ended.
 *
 * @param {string[]} files such as `spec/relay/close.spec.ts`
 * @param {object} options
 * @param {string} [options.grep] runs only the tests whose title contains this text; there may be none
 * @param {Record<string, string>} [options.env]
 * @param {(kind: 'passed' | 'failed' | 'skipped', event: any) => void} options.onResult
 * @param {(file: string, time: { seconds: number, cpu: number }) => void} [options.onTime]
 * @param {(failure: Failure) => void} options.onFailure
 * @param {number} [options.silenceLimitMs] from the first event on
 * @param {number} [options.exitLimitMs]
 * @param {number} [options.descendantsLimitMs]
 * @returns {Promise<string>} what the process printed
 */
export async function runSpecs(files, options) {
  const { grep, env, onResult, onTime, onFailure } = options;
  const limits = {
    silence: options.silenceLimitMs ?? timeoutOf(files) + SILENCE_GRACE_MS,
    exit: options.exitLimitMs ?? EXIT_LIMIT_MS,
    descendants: options.descendantsLimitMs ?? DESCENDANTS_LIMIT_MS,
  };
  const seen = { results: 0, failed: 0, title: undefined, ended: false, resources: undefined };
  const watchdog = createWatchdog();
  const onEvent = (event) => {
    if (!seen.ended) watchdog.restart(limits.silence);
    if (event.kind === 'test') seen.title = event.title;
    else if (event.kind === 'alive') seen.resources = event.resources;
    else if (event.kind === 'end') {
      seen.ended = true;
      watchdog.restart(limits.exit);
    } else if (event.kind === 'time') {
      onTime?.(sourceOf(event.file), event);
    } else {
      seen.results++;
      const file = sourceOf(event.file);
      onResult(event.kind, { ...event, file });
      if (event.kind === 'failed') {
        seen.failed++;
        onFailure({ ...event, file });
      }
    }
  };
  const run = start(mochaCommand(files, grep), { env, onEvent });
  watchdog.onLate = () => run.kill();
  // On a busy machine mocha may take long to load the specs.
  watchdog.restart(timeoutOf(files) + SILENCE_GRACE_MS);
  const end = await run.closed;
  watchdog.stop();
  const problem = problemOf(seen, end, watchdog.late, limits, grep) ?? (await leftBehind(run, limits));
  if (problem !== undefined) onFailure({ title: problem, text: run.output.trim() });
  return run.output;
}

function mochaCommand(files, grep) {
  const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
  const reporter = join(ROOT, 'scripts/test/reporter.cjs');
  const specs = files.map((file) => file.replace(/^(.*)\.ts$/, 'dist/$1.js'));
  // --no-config: spec files named here would be added to those of .mocharc.json.
  const options = ['--no-config', '--timeout', String(timeoutOf(files)), '--reporter', reporter];
  if (process.stdout.isTTY) options.push('--color');
  return [process.execPath, mocha, ...options, ...(grep === undefined ? [] : ['--fgrep', grep]), ...specs];
}

const timeoutOf = (files) => (files.some(isLong) ? LONG_TEST_TIMEOUT_MS : TEST_TIMEOUT_MS);
const sourceOf = (file) => file.replace(/^dist\/(.*)\.js$/, '$1.ts');

/** Why the process itself counts as failed; undefined where it ended as it should. */
function problemOf(seen, { code, signal, error }, late, limits, grep) {
  const after = seen.title === undefined ? 'before the first test' : `in or after: ${seen.title}`;
  if (error !== undefined) return `mocha could not be started: ${error.message}`;
  if (late && seen.ended) {
    const handles = seen.resources?.join(', ') ?? 'unknown';
    return `mocha did not exit within ${limits.exit / 1000} s of its last test; open handles: ${handles}`;
  }
  if (late) return `no test ended within ${limits.silence / 1000} s, ${after}`;
  if (!seen.ended) return `mocha ended (${code ?? signal}) ${after}`;
  // Where tests have failed the exit code is their number.
  const isExpected =
    code !== null && (code === 0 || seen.failed > 0) && (seen.results > 0 || grep !== undefined);
  if (!isExpected) return `mocha ended (${code ?? signal}) after ${seen.results} tests`;
  return undefined;
}

/** Ends the processes that the specs have left behind, and says which they are. */
async function leftBehind(run, limits) {
  const deadline = performance.now() + limits.descendants;
  let alive = run.descendants();
  while (alive.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
    alive = run.descendants();
  }
  if (alive.length === 0) return undefined;
  run.kill();
  return `the specs left processes behind:\n${alive.map(({ command }) => `  ${command}`).join('\n')}`;
}

function createWatchdog() {
  let timer;
  const watchdog = {
    late: false,
    onLate: () => {},
    restart(ms) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        watchdog.late = true;
        watchdog.onLate();
      }, ms);
    },
    stop: () => clearTimeout(timer),
  };
  return watchdog;
}
