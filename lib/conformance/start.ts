import { freePort, listenErrorCode } from './ports.js';
import { findHolder, isListening } from './proc.js';
import { type Exit, Server, START_TIMEOUTS } from './server.js';
import { eventually, within } from './waiting.js';

/** Attempts to start the server when another process takes the port after it was found free. */
const MAX_ATTEMPTS = 3;

/** The outcome of a start. `background`: the command ended, and a process that it left behind listens. */
export interface Started {
  readonly server: Server;
  readonly state: 'listening' | 'ended' | 'silent' | 'background';
}

/** Starts the command with a port as its last argument, and waits until it listens on the port. */
export async function startServer(
  command: readonly string[],
  timeoutMs: number,
  port?: number,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const chosenPort = port ?? (await freePort());
    const server = new Server([...command, String(chosenPort)], chosenPort);
    // Where the kernel does not tell who listens, the first client tries to connect until it succeeds.
    const isReady = await eventually(
      () => server.exit !== undefined || (isListening(chosenPort) ?? true),
      START_TIMEOUTS * timeoutMs,
    );
    if (server.exit === undefined && isReady && isOutsideGroup(server))
      await within(server.exited, timeoutMs);
    if (server.exit === undefined) return { server, state: isReady ? 'listening' : 'silent' };
    if (await isInBackground(server, timeoutMs)) return { server, state: 'background' };
    const isPortTaken = port === undefined && (await listenErrorCode(chosenPort)) === 'EADDRINUSE';
    if (!isPortTaken || attempt === MAX_ATTEMPTS) return { server, state: 'ended' };
    await server.stop();
  }
}

/** Whether a process outside of the server's group listens on its port. */
function isOutsideGroup({ port, pid }: Server): boolean {
  return pid === undefined && findHolder(port) !== undefined;
}

/** A process in the background may begin to listen shortly after the command has ended. */
async function isInBackground({ exit, port }: Server, timeoutMs: number): Promise<boolean> {
  if (exit?.code !== 0) return false;
  return eventually(
    async () => isListening(port) ?? (await listenErrorCode(port)) === 'EADDRINUSE',
    timeoutMs,
  );
}

export interface Finished extends Exit {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs the command until it ends by itself. Returns undefined if it is still running after the timeout. */
export async function runToEnd(command: readonly string[], timeoutMs: number): Promise<Finished | undefined> {
  const server = new Server(command, 0);
  const exit = await within(server.exited, START_TIMEOUTS * timeoutMs);
  if (exit !== undefined) await within(Promise.all([server.stdout.closed, server.stderr.closed]), timeoutMs);
  await server.stop();
  return exit && { ...exit, stdout: server.stdout.bytes, stderr: server.stderr.bytes };
}
