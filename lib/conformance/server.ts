import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from './clock.js';
import { connectionOutcome } from './connection.js';
import type { Exit } from './failure.js';
import { findListener, isEnding } from './proc.js';
import { isSanitizerSummary } from './sanitizer.js';
import { within } from './waiting.js';

/** Time for a killed process to end, in milliseconds. A busy machine may need long to free its memory. */
const STOP_TIMEOUT_MS = 30_000;

/** Time for a process to start, or to end by itself, in timeouts. */
export const START_TIMEOUTS = 3;

const running = new Set<Server>();

/** Kills all servers at once, because this process is about to end. */
export function killServers(): void {
  for (const server of running) server.kill();
}

/** One run of the command under test, in a process group of its own, so that processes that it starts end with it. */
export class Server {
  readonly port: number;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  /** Whether the kit ended it. */
  isStopped = false;
  readonly #child: ChildProcess;
  #listener: number | undefined;

  constructor(command: readonly string[], port: number) {
    const [file = '', ...args] = command;
    this.port = port;
    // A group of its own does not receive Ctrl-C: the kit receives it, and kills the group.
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.stdout = new Output(this.#child.stdout as Readable);
    this.stderr = new Output(this.#child.stderr as Readable);
    running.add(this);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve({ code: null, signal: null, error }));
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    void this.exited.then((exit) => {
      // The number of the group cannot be reused as long as a process is left in it.
      this.#signal('SIGKILL');
      this.exit = exit;
      running.delete(this);
    });
  }

  /** The process group, which is the process of the command itself. Undefined if it could not be started. */
  get group(): number | undefined {
    return this.#child.pid;
  }

  /** The process that holds the port, which may be a child of the command. Known only on Linux. */
  get pid(): number | undefined {
    if (this.group !== undefined) this.#listener ??= findListener(this.port, this.group);
    return this.#listener;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.exit !== undefined) return;
    this.isStopped = true;
    this.#signal(signal);
  }

  /** Asks the server to end with SIGTERM, and kills it after the timeout. */
  async end(clock: Clock): Promise<void> {
    this.kill('SIGTERM');
    await clock.within(Promise.all([this.exited, this.stdout.closed, this.stderr.closed]), clock.timeoutMs);
    await this.stop();
  }

  /** Kills the server, and waits until it has ended. */
  async stop(): Promise<void> {
    this.kill();
    await within(this.exited, STOP_TIMEOUT_MS);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  /**
   * Returns how the server ended after a case has failed, if it did.
   *
   * @param isClosed whether it closed a connection: then it may be about to end
   */
  async fate(isClosed: boolean, clock: Clock): Promise<Exit | undefined> {
    const isDying = [this.group, this.pid].some((pid) => pid !== undefined && isEnding(pid));
    if (this.exit === undefined && (isDying || (isClosed && (await this.#hasClosedPort(clock))))) {
      await clock.within(this.exited, START_TIMEOUTS * clock.timeoutMs);
    }
    return this.isStopped ? undefined : this.exit;
  }

  /** When a process ends, its port is closed no later than its connections. */
  async #hasClosedPort(clock: Clock): Promise<boolean> {
    return (await connectionOutcome(this.port, '127.0.0.1', clock, clock.timeoutMs)) !== 'connected';
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.group === undefined) return;
    try {
      process.kill(-this.group, signal);
    } catch {
      // No process is left in the group.
    }
  }
}

/** Output that is kept at the beginning and at the end of a stream, in bytes. */
const MAX_OUTPUT_BYTES = 64 * 1024;

/** The beginning and the end of what a process has written. Everything is read, so that the process never has to wait. */
class Output {
  readonly closed: Promise<void>;
  #first: Buffer = Buffer.alloc(0);
  #last: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(stream: Readable) {
    this.closed = new Promise((resolve) => stream.once('close', () => resolve()));
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      this.#length += chunk.length;
      if (this.#first.length < MAX_OUTPUT_BYTES) {
        this.#first = Buffer.concat([this.#first, chunk]).subarray(0, MAX_OUTPUT_BYTES);
      }
      this.#last = Buffer.concat([this.#last, chunk.subarray(-MAX_OUTPUT_BYTES)]).subarray(-MAX_OUTPUT_BYTES);
    });
  }

  get length(): number {
    return this.#length;
  }

  /** The first bytes of the output. */
  get bytes(): Buffer {
    return this.#first;
  }

  lastLines(count: number): string[] {
    const lines = this.#last.toString('latin1').trimEnd().split('\n');
    // After its summary, a sanitizer only explains its signs.
    const end = lines.findLastIndex(isSanitizerSummary) + 1 || lines.length;
    return lines.slice(0, end).slice(-count).filter(Boolean);
  }
}
