import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASES } from '../../lib/conformance/cases/index.js';
import { type Result, runCases } from '../../lib/conformance/run.js';
import { hasTool } from './tools.js';
import { within } from './waiting.js';

export const MINI_SERV = fileURLToPath(new URL('../../bin/mini-serv.js', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const SERVERS = join(ROOT, 'spec/conformance/servers');

/** Each classic mistake, and the one case that is made for it. */
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

/** Our own relay as a command under test; what it does in another's process is not counted as covered. */
export const RELAY = ['env', 'NODE_V8_COVERAGE=', process.execPath, MINI_SERV];

/** A server in a line of JavaScript, of which the port is `port`. */
export function script(code: string): string[] {
  const start = `const net = require('node:net'); const port = Number(process.argv.at(-1));`;
  return ['env', 'NODE_V8_COVERAGE=', process.execPath, '-e', `${start} ${code}`, '--'];
}

/** `mini-serv conformance` as one types it. */
export async function conformance(args: readonly string[], ms = 20_000) {
  const child = spawn(process.execPath, [MINI_SERV, 'conformance', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: ROOT,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  try {
    return { code: await within(closed, 'the end of the kit', ms), stdout, stderr };
  } finally {
    child.kill('SIGTERM');
  }
}

/** Runs the kit in this process: the cases of subject and exam, or those of these names. */
export function judge(
  command: readonly string[],
  names?: readonly string[],
  timeout = 5000,
): Promise<Result[]> {
  const cases = CASES.filter(({ name, rank }) => names?.includes(name) ?? rank !== 'beyond');
  return runCases({ command, cases, timeout });
}

export const failedOf = (results: readonly Result[]): string[] =>
  results.filter(({ outcome }) => outcome === 'failed').map((result) => result.case.name);

/** Whether the faulty servers in C can be compiled here. */
export const hasCompiler = (): boolean => hasTool('cc');

/** A place for compiled servers; they are compiled side by side. */
export function workshop() {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-mistakes-'));
  const made = new Map<string, Promise<string>>();
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
    /** Each is compiled once: a program that runs cannot be written anew. */
    compile(mistake: string): Promise<string> {
      const program = made.get(mistake) ?? compile(mistake);
      made.set(mistake, program);
      return program;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Does the work for each, so many at a time; gives a promise for each of them at once. */
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
