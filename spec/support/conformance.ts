import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { RANKS } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import type { Plan, Summary } from '../../lib/conformance/reporter.js';
import { text } from '../../lib/conformance/reporters/text.js';
import { type Result, runCases } from '../../lib/conformance/run.js';
import { summarize } from '../../lib/conformance/summary.js';
import { plain } from '../../lib/conformance/text.js';
import { addCleanup } from './cleanup.js';

export const MINI_SERV = fileURLToPath(new URL('../../command/mini-serv.cjs', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SERVERS = join(ROOT, 'spec/conformance/servers');

/** Each classic mistake, and the only case that it fails. */
export const MISTAKES = {
  PREFIX_ONCE: 'every-line',
  TELL_ONESELF: 'own-arrival',
  LEAK_LEFTOVER: 'unfinished-forgotten',
  TO_ONESELF: 'not-to-oneself',
  FIRST_IS_ONE: 'first-ids',
  FLUSH_ON_LEAVE: 'unfinished-dropped',
  FLUSH_UNENDED_ON_LEAVE: 'unfinished-dropped',
  SKIP_EMPTY_LINES: 'empty-lines',
  BLOCKING_SEND: 'lazy-holds-nobody-up',
  BLOCKING_SEND_BEHIND_SELECT: 'lazy-holds-nobody-up',
  BLOCKING_SEND_OF_ALL: 'lazy-holds-nobody-up',
  DROP_WHEN_FULL: 'lazy-hears-all',
  THROW_AWAY_THE_REST: 'lazy-hears-all',
  DISCONNECT_ON_PARTIAL_SEND: 'lazy-hears-all',
  LOWEST_FREE_ID: 'ids-grow',
  NO_LEFT_AFTER_RST: 'reset-client',
  WRONG_WORDS: 'no-argument',
  ANY_ADDRESS: 'other-addresses',
  LEAK_DESCRIPTORS: 'no-descriptor-leak',
  CRASH_ON_LONG_LINES: 'long-line',
} as const;

export type Mistake = keyof typeof MISTAKES;

/** The relay as a command under test. It runs outside of the coverage, which would make it slower. */
export const RELAY = ['env', 'NODE_V8_COVERAGE=', process.execPath, MINI_SERV];

/** Returns a server that is written in JavaScript. The code has `net`, and the port as `port`. */
export function script(code: string): string[] {
  const start = `const net = require('node:net'); const port = Number(process.argv.at(-1));`;
  return ['env', 'NODE_V8_COVERAGE=', process.execPath, '-e', `${start} ${code}`, '--'];
}

/** Returns the JavaScript server with a mistake. */
export function scriptWithMistake(mistake: string): string[] {
  return ['env', 'NODE_V8_COVERAGE=', process.execPath, join(SERVERS, 'mistakes.mjs'), mistake];
}

/**
 * The limit of a run. A long test has 900 s for two runs, and should still be able to report how far the kit came.
 */
const RUN_LIMIT_MS = 400_000;
/** Time for the kit to report what it has after SIGTERM. */
const REPORT_LIMIT_MS = 20_000;

/** Runs `mini-serv conformance` with these arguments, to its end. */
export async function conformance(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [MINI_SERV, 'conformance', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: ROOT,
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  addCleanup(() => void child.kill('SIGTERM'));
  let isLate = false;
  // The kit has time limits of its own, and a run can be long on a busy machine. After SIGTERM it reports what it has.
  let timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGTERM');
    timer = setTimeout(() => child.kill('SIGKILL'), REPORT_LIMIT_MS);
  }, RUN_LIMIT_MS);
  addCleanup(() => clearTimeout(timer));
  const [code] = (await once(child, 'close')) as [number | null];
  if (isLate) throw new Error(`the kit did not end within ${RUN_LIMIT_MS} ms: ${stderr}${stdout}`);
  return { code, stdout, stderr };
}

export interface ReportedCase {
  name: string;
  rank: string;
  outcome: string;
  reason?: string;
  what: string;
  exit?: { code: number | null; signal: string | null; meaning: string };
  output?: string[];
  expected?: { text: string };
  received?: { text: string };
  firstDifference?: number;
  stderr?: string[];
}

/** Runs the kit on a command; returns its exit code and its report. */
export async function reportOn(command: readonly string[], ...options: string[]) {
  const { code, stdout, stderr } = await conformance(['--json', ...options, ...command]);
  if (stdout === '') throw new Error(`the kit reported nothing: ${stderr}`);
  return { code, stderr, ...(JSON.parse(stdout) as { conforms: boolean; cases: ReportedCase[] }) };
}

/** Time that the kit waits where the specs expect an answer: only a broken server makes it wait so long. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Runs cases in this process: those of the ranks up to practice, or those with these names. */
export function runKit(
  command: readonly string[],
  names?: readonly string[],
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Result[]> {
  const cases = CASES.filter(({ name, rank }) => names?.includes(name) ?? rank !== 'beyond');
  return runCases({ command, cases, timeoutMs });
}

/** Returns the end of a run with these results. All ranks are required, unless the plan says otherwise. */
export function summaryOf(results: readonly Result[], plan: Partial<Plan> = {}): Summary {
  return summarize(
    {
      command: ['./mini_serv'],
      cases: results.map((result) => result.case),
      required: RANKS,
      isSelection: false,
      timeoutMs: 5000,
      ...plan,
    },
    results,
  );
}

/** Returns the report for people, with an explanation of each failure. */
export function textReport(results: readonly Result[]): string {
  return text({ paint: plain, explain: ['all'] }).onEnd(summaryOf(results));
}

/** Expects exactly these cases to have failed. The error contains the kit's report on all others that failed. */
export function expectFailures(results: readonly Result[], names: readonly string[]): void {
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const unexpected = failed.filter((result) => !names.includes(result.case.name));
  expect(
    failed.map((result) => result.case.name),
    unexpected.length === 0 ? undefined : textReport(unexpected),
  ).to.have.members(names);
}

/** Compiles the C server with a mistake, in a folder that `remove` deletes. */
export function compiledServers() {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-mistakes-'));
  const programs = new Map<string, Promise<string>>();
  const compile = (mistake: string): Promise<string> => {
    const program = join(folder, mistake);
    const args = ['-D_GNU_SOURCE', `-D${mistake}`, '-Wall', '-Wextra', '-Werror', '-o', program];
    const compiler = spawn('cc', [...args, join(SERVERS, 'mistakes.c')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new Promise((resolve, reject) =>
      compiler.once('close', (code) =>
        code === 0 ? resolve(program) : reject(new Error(`${mistake}: cc failed`)),
      ),
    );
  };
  return {
    /** Compiles each program once: a running program cannot be overwritten. */
    compile(mistake: Mistake | 'NONE' | 'SEND_TO_LISTENER'): Promise<string> {
      const program = programs.get(mistake) ?? compile(mistake);
      programs.set(mistake, program);
      return program;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Does the work for each item, a few at a time; returns one promise for each item. */
export function sideBySide<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R>[] {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve());
  return items.map((item, i) => {
    const done = (lanes[i % atOnce] as Promise<unknown>).then(() => work(item));
    lanes[i % atOnce] = done.catch(() => {});
    done.catch(() => {});
    return done;
  });
}
