// Child processes of the test runner. They, and the processes that they start, can be ended at any time.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An environment variable that every descendant inherits, so that it is found even after its parent has ended. */
const MARK = 'MINI_SERV_TEST_RUN';
const OUTPUT_LIMIT_BYTES = 256 * 1024;

const runs = new Set();
/** Temporary files of everything that is started here; removed at the end. */
const temporary = mkdtempSync(join(tmpdir(), 'mini-serv-test-'));
let count = 0;

process.once('exit', () => {
  // A spec that was interrupted may have left a file system mounted.
  for (const path of mountsBelow(temporary)) spawnSync('umount', ['-l', path]);
  // Again if it is not empty then: a process that was killed may still have created a file.
  rmSync(temporary, { recursive: true, force: true, maxRetries: 10 });
});

/**
 * Starts a command in the root folder of the repository.
 *
 * @param {string[]} argv
 * @param {{ env?: Record<string, string>, onEvent?: (event: any) => void }} [options] `onEvent` is called for each
 *   line of JSON that the command writes to file descriptor 3
 */
export function start([file, ...args], { env = {}, onEvent } = {}) {
  const mark = `${process.pid}.${count++}`;
  const child = spawn(file, args, {
    cwd: ROOT,
    // A process group of its own: Ctrl-C reaches the runner alone, which then ends the group.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(onEvent === undefined ? [] : ['pipe'])],
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
      TMPDIR: temporary,
      ...env,
      [MARK]: mark,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-OUTPUT_LIMIT_BYTES);
    });
  }
  if (onEvent !== undefined) readEvents(child.stdio[3], onEvent);
  const closed = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const run = {
    closed,
    get output() {
      return output;
    },
    /** Ends the process and all that it has started, with SIGKILL. */
    kill: () => killTree(child.pid, mark),
    /** Processes that the command has started and that are still alive; only known on Linux. */
    descendants: () => findMarked(mark),
  };
  runs.add(run);
  void closed.then(() => runs.delete(run));
  return run;
}

/** Ends everything that was started here. */
export function killAll() {
  for (const run of runs) run.kill();
}

function readEvents(stream, onEvent) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onEvent(JSON.parse(line));
  });
}

function killTree(pid, mark) {
  kill(-pid);
  // Again, for what was being started meanwhile.
  for (let round = 0; round < 3; round++) for (const { pid } of findMarked(mark)) kill(pid);
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself.
  }
}

function findMarked(mark) {
  const found = [];
  for (const name of listProcesses()) {
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(`${MARK}=${mark}`)) continue;
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      found.push({ pid: Number(name), command });
    } catch {
      // The process has ended, or belongs to another user.
    }
  }
  return found;
}

function mountsBelow(folder) {
  try {
    const paths = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1]);
    return paths.filter((path) => path?.startsWith(folder));
  } catch {
    return [];
  }
}

function listProcesses() {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
