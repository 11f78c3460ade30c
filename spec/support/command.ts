import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { addCleanup } from './cleanup.js';
import { Inbox } from './inbox.js';
import { freePort, isListening, listenErrorCode } from './ports.js';
import { eventually, within } from './waiting.js';

/** How often a server is started again because another process has taken its port. */
const PORT_ATTEMPTS = 3;
/** How long a server may take to write its coverage before it is killed. */
const COVERAGE_GRACE_MS = 10_000;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Options before the port. */
  args?: string[];
  /** Variables added to those of this process. With `NODE_V8_COVERAGE: ''` its coverage is not measured. */
  env?: Record<string, string>;
  /** The program and its first arguments, instead of the command under test. */
  command?: string[];
  /** A fixed port, which is tried once. */
  port?: number;
  /** A descriptor of this process that the command inherits as descriptor 3. */
  inherited?: number;
}

export interface Server {
  readonly port: number;
  readonly process: ChildProcess;
  readonly stdout: Inbox;
  readonly stderr: Inbox;
  /** Settles when the process has ended and its output is complete. */
  readonly exited: Promise<Exit>;
  kill(signal?: NodeJS.Signals): void;
  /** Ends the process with SIGTERM. */
  stop(): Promise<void>;
}

/** The command under test as people install it; a port is added to it. */
export function serverCommand(): string[] {
  return [process.execPath, fileURLToPath(new URL('../../command/mini-serv.cjs', import.meta.url))];
}

/** A shell script in which `"$@"` is the command under test with its options and port. */
export function shell(script: string): string[] {
  return ['sh', '-c', script, 'sh', ...serverCommand()];
}

/** Starts a server and waits until it listens. */
export async function startServer(options: StartOptions = {}): Promise<Server> {
  const { args = [], command = serverCommand(), env, inherited } = options;
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = launch([...command, ...args, String(port)], port, env, inherited);
    if (port === 0 || (await listens(server))) return server;
    const { code, signal } = await server.exited;
    const isTaken = options.port === undefined && (await listenErrorCode(port)) === 'EADDRINUSE';
    if (!isTaken || attempt === PORT_ATTEMPTS) {
      throw new Error(`the server ended (${code ?? signal}) before it listened: ${server.stderr.text}`);
    }
  }
}

/** Runs the command to its end, for arguments that it should reject. */
export async function runCommand(args: string[], command = serverCommand(), inherited?: number) {
  const server = launch([...command, ...args], 0, {}, inherited);
  const exit = await within(server.exited, `the end of ${JSON.stringify(args)}`);
  return { ...exit, stdout: server.stdout.text, stderr: server.stderr.text };
}

/** Starts a process that need not be a server. */
export function launch(
  [file = '', ...args]: string[],
  port: number,
  env: Record<string, string> = {},
  inherited?: number,
): Server {
  // The environment of the specs may force colours, or forbid them.
  const colours = { FORCE_COLOR: undefined, NO_COLOR: undefined };
  const environment: NodeJS.ProcessEnv = { ...process.env, ...colours, ...env };
  const stdio = ['pipe', 'pipe', 'pipe', inherited] as unknown as ['pipe', 'pipe', 'pipe'];
  const child = spawn(file, args, { env: environment, stdio });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => {});
  // Not `exited`: another process that inherited the pipes may keep them open for longer.
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  addCleanup(async () => {
    if (environment.NODE_V8_COVERAGE && isRunning(child)) {
      child.kill('SIGTERM');
      await within(gone, 'the coverage of a server', COVERAGE_GRACE_MS).catch(() => {});
    }
    if (isRunning(child)) kill();
    await within(gone, 'the end of a server');
    for (const stream of child.stdio) stream?.destroy();
    process.off('exit', kill);
  });
  return {
    port,
    process: child,
    stdout: collect(child.stdout),
    stderr: collect(child.stderr),
    exited,
    kill: (signal = 'SIGTERM') => child.kill(signal),
    async stop() {
      if (isRunning(child)) child.kill('SIGTERM');
      await within(gone, 'the end of the server after SIGTERM');
    },
  };
}

async function listens({ process: child, port }: Server): Promise<boolean> {
  let listening: boolean | undefined = false;
  await eventually('a listening server', () => {
    listening = isListening(port, child.pid);
    // Where the kernel cannot be asked, `connect` retries until the server listens.
    return listening !== false || !isRunning(child);
  });
  return isRunning(child) && listening !== false;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function collect(stream: NodeJS.ReadableStream): Inbox {
  const inbox = new Inbox();
  stream.on('data', (chunk: Buffer) => inbox.push(chunk));
  stream.once('close', () => inbox.finish());
  return inbox;
}
