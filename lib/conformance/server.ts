import { type ChildProcess, spawn } from 'node:child_process';
import { dumping, holder, listener, listening } from './kernel.js';
import { Output } from './output.js';
import { eventually, within } from './patience.js';
import { attempt, freePort, refusal } from './ports.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It could not even be started. */
  readonly error?: NodeJS.ErrnoException;
}

const running = new Set<Server>();

/** Ends whatever this process has started, at once: for when it has to end itself. */
export function killAll(): void {
  for (const server of running) server.kill();
}

/** One run of the command under test, in a process group of its own, so that what it starts ends with it. */
export class Server {
  readonly port: number;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  /** It was this process that ended it. */
  stopped = false;
  readonly #child: ChildProcess;

  constructor(command: readonly string[], port: number) {
    const [file = '', ...args] = command;
    this.port = port;
    // What a terminal sends (Ctrl-C) goes to the kit alone, which then ends the group.
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.stdout = new Output(this.#child.stdout as NonNullable<ChildProcess['stdout']>);
    this.stderr = new Output(this.#child.stderr as NonNullable<ChildProcess['stderr']>);
    running.add(this);
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve({ code: null, signal: null, error }));
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    void this.exited.then((exit) => {
      // Whatever else is in the group has lost its head; while that is so, its number is nobody else's.
      this.#signal('SIGKILL');
      this.exit = exit;
      running.delete(this);
    });
  }

  /** The process that holds the port, which may be a child of the one that was started. Only Linux tells. */
  get pid(): number | undefined {
    return this.#child.pid === undefined ? undefined : listener(this.#child.pid, this.port);
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.exit !== undefined) return;
    this.stopped = true;
    this.#signal(signal);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // Nobody is left in the group.
    }
  }

  /** Asks it to end, and ends it when it has not done so in time. */
  async end(ms: number): Promise<void> {
    this.kill('SIGTERM');
    await within(this.exited, ms);
    await this.stop();
  }

  /** Ends it, and waits until it is gone. */
  async stop(): Promise<void> {
    this.kill();
    await within(this.exited, STOP);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  /**
   * What became of it, where something went wrong. If a connection was closed, its port is asked first, since that
   * closes no later than the connections do.
   */
  async fate(broken: boolean, ms: number): Promise<Exit | undefined> {
    const dying = [this.#child.pid, this.pid].some((pid) => pid !== undefined && dumping(pid));
    if (this.exit === undefined && (dying || (broken && (await this.#closed(ms))))) {
      await within(this.exited, START * ms);
    }
    return this.stopped ? undefined : this.exit;
  }

  async #closed(ms: number): Promise<boolean> {
    return (await attempt(this.port, '127.0.0.1', ms)) !== 'connected';
  }
}

/** How long a process may take to be gone that was killed, in ms. */
const STOP = 5000;
/** How often a port is tried that somebody else has taken since it was found free. */
const ATTEMPTS = 3;

/** How many times as long as for anything else is waited for a process to begin, or to end by itself. */
export const START = 3;

/** How a start went. */
export type Started = {
  readonly server: Server;
  readonly state: 'listening' | 'ended' | 'silent' | 'background';
};

/** Starts the command, and waits until it listens on the port. */
export async function start(command: readonly string[], ms: number, port?: number): Promise<Started> {
  for (let attempts = 1; ; attempts++) {
    const chosen = port ?? (await freePort());
    const server = new Server([...command, String(chosen)], chosen);
    const ready = await eventually(() => server.exit !== undefined || isListening(server), START * ms);
    if (server.exit === undefined && ready && isElsewhere(server)) await within(server.exited, ms);
    if (server.exit === undefined) return { server, state: ready ? 'listening' : 'silent' };
    if (await inBackground(server, ms)) return { server, state: 'background' };
    const snatched = port === undefined && (await refusal(chosen)) === 'EADDRINUSE';
    if (!snatched || attempts === ATTEMPTS) return { server, state: 'ended' };
    await server.stop();
  }
}

/** Whether somebody listens, who is none of its process group. */
function isElsewhere({ port, pid }: Server): boolean {
  return pid === undefined && holder(port) !== undefined;
}

/** What it has left behind may listen a little later than it ends. */
async function inBackground({ exit, port }: Server, ms: number): Promise<boolean> {
  if (exit?.code !== 0) return false;
  return eventually(async () => listening(port) ?? (await refusal(port)) === 'EADDRINUSE', ms);
}

/** Where the kernel cannot be asked, it is assumed: the first client then tries until it gets through. */
function isListening(server: Server): boolean {
  return listening(server.port) ?? true;
}

export interface Finished extends Exit {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs the command to its end, or gives undefined when the time is over. */
export async function runToEnd(command: readonly string[], ms: number): Promise<Finished | undefined> {
  const server = new Server(command, 0);
  const exit = await within(server.exited, START * ms);
  if (exit !== undefined) await within(Promise.all([server.stdout.closed, server.stderr.closed]), ms);
  await server.stop();
  return exit && { ...exit, stdout: server.stdout.bytes, stderr: server.stderr.bytes };
}
