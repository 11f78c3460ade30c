import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { guardGroup, releaseGroup } from './exec-guard.js';

/** How long a program may take to end after the end of its input, and then after SIGTERM, in milliseconds. */
const END_GRACE_MS = 5000;
const TERMINATE_GRACE_MS = 2000;
/** How long a program that writes more lines than it was given may be held up after the end, in milliseconds. */
const MAX_HELD_MS = 10_000;
/** Time until SIGKILL when the program has to end at once, in milliseconds. */
const DESTROY_GRACE_MS = 500;
/** How long other processes of the program may outlive the one that was started, in milliseconds. */
const GROUP_GRACE_MS = 1000;

const LIMITS: Readonly<Record<string, string>> = {
  EAGAIN: '; the limit of processes is reached (ulimit -u)',
  EMFILE: '; the limit of file descriptors is reached (ulimit -n)',
};

export interface ProgramExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  /** Whether output of the program waits to be read. */
  readonly isOutputHeld: () => boolean;
  /** Whether the program was given more lines than it has written. */
  readonly hasWork: () => boolean;
  /** The program has ended, and its output was read. */
  readonly onClose: (exit: ProgramExit) => void;
}

/** A running program in a process group of its own, so that what it starts ends with it. */
export class Program {
  readonly stdin: ChildProcessWithoutNullStreams['stdin'];
  readonly stdout: ChildProcessWithoutNullStreams['stdout'];
  readonly stderr: ChildProcessWithoutNullStreams['stderr'];
  /** The program did not end by itself, and was sent a signal. */
  isSignalled = false;
  readonly #group: number;
  readonly #options: ProgramOptions;
  #exit: ProgramExit | null = null;
  #endedAt = 0;
  /** The pipe has not taken all bytes. On Bun, the `writableLength` of the stream does not tell. */
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcessWithoutNullStreams, options: ProgramOptions) {
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.#group = child.pid as number;
    this.#options = options;
    guardGroup(this.#group);
    child.on('error', () => {});
    child.on('exit', (code, signal) => {
      this.#exit = { code, signal };
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        this.#releaseGroup();
        // A process that has left the group can keep the pipes open without end.
        this.#afterGrace(GROUP_GRACE_MS, options.isOutputHeld, () => this.#closeOutput());
      }, GROUP_GRACE_MS);
    });
    child.on('close', (code, signal) => {
      clearTimeout(this.#timer);
      this.#releaseGroup();
      options.onClose(this.#exit ?? { code, signal });
    });
  }

  /** Whether it has exited. Other processes can still hold its output open. */
  get hasExited(): boolean {
    return this.#exit !== null;
  }

  /** @param bytes as a latin1 string. The pipe has taken the bytes of the call before */
  write(bytes: string, onTaken: (error?: Error | null) => void): void {
    this.#isWriting = true;
    this.stdin.write(bytes, 'latin1', (error) => {
      this.#isWriting = false;
      onTaken(error);
    });
  }

  /** Ends its input. A program that does not end within the grace period is sent SIGTERM, and then SIGKILL. */
  end(): void {
    this.stdin.end();
    this.expectEnd();
  }

  /** Starts the grace period of a program that has been given all lines, or does not take them. */
  expectEnd(): void {
    this.#endedAt = performance.now();
    this.extendGrace();
  }

  /** Starts the grace period again, because the program still works. */
  extendGrace(): void {
    if (this.#exit !== null || this.isSignalled) return;
    const { isOutputHeld, hasWork } = this.#options;
    const mayWait = (): boolean =>
      (!this.stdin.writableEnded && !this.#isWriting) ||
      (isOutputHeld() && (hasWork() || performance.now() - this.#endedAt < MAX_HELD_MS));
    this.#afterGrace(END_GRACE_MS, mayWait, () => this.#terminate(TERMINATE_GRACE_MS));
  }

  /** Ends the program without reading its output. */
  destroy(): void {
    if (!this.isSignalled) this.#terminate(DESTROY_GRACE_MS);
    this.stdin.destroy();
    this.#closeOutput();
  }

  #terminate(graceMs: number): void {
    this.isSignalled = true;
    this.#kill('SIGTERM');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#kill('SIGKILL'), graceMs);
  }

  #closeOutput(): void {
    this.stdout.destroy();
    this.stderr.destroy();
  }

  /** Waits again as long as this side holds up the output of the program. */
  #afterGrace(graceMs: number, mayWait: () => boolean, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (mayWait()) this.#afterGrace(graceMs, mayWait, action);
      else action();
    }, graceMs);
  }

  /** Ends what the program has left behind. Later, its number can be that of another group. */
  #releaseGroup(): void {
    if (!releaseGroup(this.#group)) return;
    this.#kill('SIGKILL');
  }

  #kill(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#group, signal);
    } catch {
      // The group has no process any more.
    }
  }
}

/** @throws {Error} if the program cannot be started */
export async function startProgram(
  file: string,
  args: readonly string[],
  client: number,
): Promise<ChildProcessWithoutNullStreams> {
  try {
    const env = { ...process.env, MINI_SERV_CLIENT: String(client) };
    const child = spawn(file, args, { detached: true, env });
    await once(child, 'spawn');
    return child;
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new Error(`cannot be started: ${message}${LIMITS[code] ?? ''}`, { cause });
  }
}
