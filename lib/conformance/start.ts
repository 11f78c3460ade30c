import type { Clock } from './clock.js';
import type { Exit } from './failure.js';
import { freePort, listenErrorCode } from './ports.js';
import { findHolder, HAS_PROC, isListening, isOccupied, listensAnywhere, mayListen } from './proc.js';
import { Server, START_TIMEOUTS } from './server.js';

/** Attempts to start the server when another process takes the port after it was found free. */
const MAX_ATTEMPTS = 20;
/** The search for a listener is expensive. Without a sign that the server may listen, one in so many polls searches. */
const POLLS_PER_SEARCH = 10;

/** The outcome of a start. `background`: the command ended, and a process that it left behind listens. */
export interface Started {
  readonly server: Server;
  readonly state: 'listening' | 'ended' | 'silent' | 'background';
}

/** Starts the command with a port as its last argument, and waits until it listens on the port. */
export async function startServer(command: readonly string[], clock: Clock, port?: number): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const chosenPort = port ?? (await freePort());
    const server = new Server([...command, String(chosenPort)], chosenPort);
    try {
      const state = await waitUntilStarted(server, clock);
      const isPortTaken = state === 'ended' && port === undefined && (await isTaken(chosenPort));
      if (!isPortTaken || attempt === MAX_ATTEMPTS) return { server, state };
      await server.stop();
    } catch (error) {
      await server.stop();
      throw error;
    }
  }
}

async function waitUntilStarted(server: Server, clock: Clock): Promise<Started['state']> {
  clock.pid = server.group;
  const timeoutMs = START_TIMEOUTS * clock.timeoutMs;
  const isReady = await clock.eventually(listeningTest(server), timeoutMs, server.exited);
  if (server.exit === undefined && isReady && isOutsideGroup(server)) {
    await clock.within(server.exited, clock.timeoutMs);
  }
  clock.pid = server.pid ?? server.group;
  if (server.exit === undefined) return isReady ? 'listening' : 'silent';
  return (await isInBackground(server, clock)) ? 'background' : 'ended';
}

/** Returns a test whether the server listens. Without /proc, the first client tries to connect until it succeeds. */
function listeningTest(server: Server): () => boolean {
  let polls = 0;
  return () => {
    if (!HAS_PROC) return true;
    polls++;
    const mustSearch =
      polls % POLLS_PER_SEARCH === 0 || (server.group !== undefined && mayListen(server.group));
    return mustSearch && isListening(server.port) === true;
  };
}

/** Whether a process outside of the server's group listens on its port. */
function isOutsideGroup({ port, pid }: Server): boolean {
  return pid === undefined && findHolder(port) !== undefined;
}

/** Whether the server could not listen because another process uses the port, or because of its old connections. */
async function isTaken(port: number): Promise<boolean> {
  return (await listenErrorCode(port)) === 'EADDRINUSE' || isOccupied(port);
}

/** A process in the background may begin to listen shortly after the command has ended. */
async function isInBackground({ exit, port }: Server, clock: Clock): Promise<boolean> {
  if (exit?.code !== 0) return false;
  return clock.eventually(
    async () => isListening(port) ?? (await listenErrorCode(port)) === 'EADDRINUSE',
    clock.timeoutMs,
  );
}

export interface Finished extends Exit {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Runs the command until it ends by itself. Returns why it did not: it listens, or it is still running after the timeout. */
export async function runToEnd(
  command: readonly string[],
  clock: Clock,
): Promise<Finished | 'listening' | 'running'> {
  const server = new Server(command, 0);
  const { pid } = clock;
  clock.pid = server.group;
  try {
    const listens = (): boolean =>
      server.group !== undefined && mayListen(server.group) && listensAnywhere(server.group);
    const isOver = await clock.eventually(listens, START_TIMEOUTS * clock.timeoutMs, server.exited);
    const { exit, stdout, stderr } = server;
    if (exit === undefined) return isOver ? 'listening' : 'running';
    await clock.within(Promise.all([stdout.closed, stderr.closed]), clock.timeoutMs);
    return { ...exit, stdout: stdout.bytes, stderr: stderr.bytes };
  } finally {
    clock.pid = pid;
    await server.stop();
  }
}
