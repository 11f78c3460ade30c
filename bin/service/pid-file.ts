import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { tryCall } from '../../lib/util/try-call.js';
import { CommandError } from '../console.js';
import { reasonOf } from '../diagnosis.js';

/** A longer file is not a pid file. In bytes. */
const MAX_BYTES = 64;

export interface PidFile {
  /**
   * Writes the id of this process. Other processes never see a part of the file.
   *
   * @throws {CommandError} if the file cannot be written, for example on a full disk
   */
  write(): void;
  /** Removes the file, unless another process has taken it over. The `exit` event of the process does that, too. */
  remove(): void;
}

/**
 * Checks that this process may take over a pid file: the file does not exist, or names a process that has ended. Another
 * program may have got the id of an ended relay, so only a relay with this pid file counts.
 *
 * @throws {CommandError}
 */
export function claimPidFile(file: string): PidFile {
  const path = resolve(file);
  check(path);
  const remove = (): void => {
    tryCall(() => {
      if (readFileSync(path, 'latin1') === `${process.pid}\n`) rmSync(path);
    });
  };
  return {
    write() {
      process.on('exit', remove);
      write(path);
    },
    remove,
  };
}

function check(path: string): void {
  const status = tryCall(() => lstatSync(path));
  if (status === undefined) {
    attempt(path, () => accessSync(dirname(path), constants.W_OK | constants.X_OK));
    return;
  }
  const pid = readPid(path, status);
  if (pid === process.pid || pid === process.ppid) return;
  const commandLine = commandLineOf(pid);
  if (commandLine === undefined || !isRelayWith(path, commandLine)) return;
  throw refuse(path, `process ${pid} runs with it; end that process, or name another file`);
}

/** A file with anything else is not replaced: the path may be a mistake. */
function readPid(path: string, status: Stats): number {
  if (!status.isFile()) throw refuse(path, 'it is not a regular file; name another file');
  const text =
    status.size > MAX_BYTES ? 'too long' : attempt(path, () => readFileSync(path, 'latin1')).trim();
  if (!/^\d*$/.test(text)) throw refuse(path, 'it is not a pid file; remove it, or name another file');
  return Number(text);
}

function write(path: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    rmSync(temporary, { force: true });
    writeFileSync(temporary, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
  } catch (error) {
    tryCall(() => rmSync(temporary, { force: true }));
    throw refuse(path, reasonOf(error as Error));
  }
}

/** The words of a command line, each followed by NUL; or one text if the process has set its title. */
function commandLineOf(pid: number): string | undefined {
  return (
    tryCall(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ??
    tryCall(() =>
      execFileSync('ps', ['-o', 'args=', '-p', String(pid)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString(),
    )
  );
}

function isRelayWith(path: string, commandLine: string): boolean {
  const words = commandLine.replace(/[\0\n]+$/, '').split('\0');
  // A relay that hides credentials has set its title, which the system may shorten.
  if (words.length === 1) return /(^|[ /])mini-serv(\.[cm]?js)?( |$)/.test(commandLine);
  return (
    words.some((word) => /^(\S*\/)?mini-serv(\.[cm]?js)?$/.test(word)) &&
    words.some((word) => word.endsWith(basename(path)))
  );
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw refuse(path, reasonOf(error as Error));
  }
}

function refuse(path: string, reason: string): CommandError {
  return new CommandError('Fatal error', `mini-serv: cannot use the pid file ${path}: ${reason}`);
}
