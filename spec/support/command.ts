import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterwards } from './cleanup.js';
import { Inbox } from './inbox.js';
import { freePort, listening, refusal } from './ports.js';
import { eventually, WAIT_LIMIT_MS, within } from './waiting.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Options that stand before the port. */
  args?: string[];
  /** Variables beside the ones this process has. */
  env?: Record<string, string>;
  /** The program and its first arguments, instead of the command under test. */
  command?: string[];
  /** A port of one's own choice: taken as it is, without a second try. */
  port?: number;
}

export interface Server {
  readonly port: number;
  readonly process: ChildProcess;
  readonly stdout: Inbox;
  readonly stderr: Inbox;
  /** Settles when the process is gone and its output is complete. */
  readonly exited: Promise<Exit>;
  kill(signal?: NodeJS.Signals): void;
  /** Ends the process, kindly if it can be; only ever by its handle. */
  stop(): Promise<void>;
}

/** The command under test, which takes a port. (Any other's is for the conformance kit to judge.) */
export function serverCommand(): string[] {
  return [process.execPath, fileURLToPath(new URL('../../command/mini-serv.cjs', import.meta.url))];
}

/** The command under test as the rest of a shell script: `"$@"` is the command, options and port. */
export function shell(script: string): string[] {
  return ['sh', '-c', script, 'sh', ...serverCommand()];
}

/** Starts a server and waits until it listens. */
export async function startServer(options: StartOptions = {}): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = launch([...(options.command ?? serverCommand()), ...(options.args ?? []), String(port)], {
      port,
      env: options.env,
    });
    if (port === 0 || (await ready(server))) return server;
    const { code, signal } = await server.exited;
    // Somebody may have taken the port since it was found free; that is no fault of the server's.
    const snatched = options.port === undefined && (await refusal(port)) === 'EADDRINUSE';
    if (!snatched || attempt === 3)
      throw new Error(`the server ended (${code ?? signal}) before it listened: ${server.stderr.text}`);
  }
}

/** Runs the command to its end, for what it is expected to refuse. */
export async function runCommand(args: string[], command = serverCommand()) {
  const server = launch([...command, ...args], { port: 0, env: undefined });
  const exit = await within(server.exited, `the end of ${JSON.stringify(args)}`);
  return { ...exit, stdout: server.stdout.text, stderr: server.stderr.text };
}

function launch(argv: string[], world: { port: number; env: Record<string, string> | undefined }): Server {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { env: { ...process.env, ...world.env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  exited.catch(() => {});
  // A reader of standard output may be the last to hold the pipes; what must be gone is the process.
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const stop = async () => {
    if (!running(child)) return;
    child.kill('SIGTERM');
    await within(gone, 'a kind end', 2000).catch(() => child.kill('SIGKILL'));
    await within(gone, 'the end of the server');
  };
  const abandoned = () => child.kill('SIGKILL');
  process.once('exit', abandoned);
  afterwards(async () => {
    await stop();
    for (const stream of child.stdio) stream?.destroy();
    process.off('exit', abandoned);
  });
  return {
    port: world.port,
    process: child,
    stdout,
    stderr,
    exited,
    kill: (signal = 'SIGTERM') => child.kill(signal),
    stop,
  };
}

async function ready({ process: child, port }: Server): Promise<boolean> {
  let open: boolean | undefined = false;
  await eventually(
    'a listening server',
    async () => {
      open = await listening(port);
      // Where the kernel cannot be asked, the first client tries until it gets through.
      return open !== false || !running(child);
    },
    WAIT_LIMIT_MS,
  );
  return running(child) && open !== false;
}

function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function collect(stream: NodeJS.ReadableStream): Inbox {
  const inbox = new Inbox();
  stream.on('data', (chunk: Buffer) => inbox.push(chunk));
  stream.once('close', () => inbox.finish());
  return inbox;
}
