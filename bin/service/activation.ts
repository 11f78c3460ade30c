import { fstatSync, readFileSync } from 'node:fs';
import type { Relay } from '../../lib/relay/relay.js';
import { tryCall } from '../../lib/util/try-call.js';
import { CommandError, printMessage } from '../console.js';

/** The first descriptor that a service manager passes, see sd_listen_fds(3). */
const DESCRIPTOR = 3;
const EXPECTED = `descriptor ${DESCRIPTOR}: expected a TCP socket that listens on 127.0.0.1`;
const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];

interface Runtime {
  readonly pid: number;
  readonly versions: Readonly<Record<string, string | undefined>>;
}

/**
 * Finds the socket that a service manager such as systemd has opened for this process. Its variables are removed from the
 * environment, because they must not reach child processes.
 *
 * @returns undefined if there is no socket for this process. Otherwise a function that listens on the socket: like
 * `relay.listen`, except that the port is the one that the socket must have, or 0. It rejects with a CommandError if the
 * descriptor is not a TCP socket that listens on 127.0.0.1 and on this port
 * @throws {CommandError} if there are several sockets, or if the runtime cannot listen on one
 */
export function takeInheritedSocket(
  env: NodeJS.ProcessEnv,
  { pid, versions }: Runtime = process,
): ((relay: Relay, port: number) => Promise<number>) | undefined {
  const { LISTEN_PID: owner = 'unknown', LISTEN_FDS: count } = env;
  for (const name of VARIABLES) delete env[name];
  if (count === '0') return undefined;
  if (owner !== String(pid)) {
    const remedy = 'start the relay with exec, not as a child of a shell or of npm';
    printMessage(
      `ignoring the socket of LISTEN_FDS: it is for process ${owner}, this is process ${pid}; ${remedy}`,
    );
    return undefined;
  }
  if (count !== '1') throw refuse(`expected one socket, got LISTEN_FDS=${count}`);
  const runtime = ['bun', 'deno'].find((name) => versions[name] !== undefined);
  if (runtime !== undefined) throw refuse(`${runtime} cannot listen on it; run mini-serv with node`);
  return listenOnInherited;
}

async function listenOnInherited(relay: Relay, port: number): Promise<number> {
  const status = tryCall(() => fstatSync(DESCRIPTOR));
  if (status?.isSocket() !== true) {
    throw refuse(`${EXPECTED}, got ${status === undefined ? 'a closed descriptor' : 'another kind of file'}`);
  }
  const state = tcpState(status.ino);
  if (state !== undefined && state !== LISTENING) {
    throw refuse(`${EXPECTED}, got one that does not listen; a .socket unit needs Accept=no, the default`);
  }
  let openPort: number;
  try {
    openPort = await relay.listen({ fd: DESCRIPTOR });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isExplained = code === 'ERR_OPTION';
    throw refuse(
      isExplained ? message.replace(/^fd/, `descriptor ${DESCRIPTOR}`) : `${EXPECTED}, got ${message}`,
    );
  }
  // No connection has been accepted yet: that happens in the next turn of the event loop.
  if (port === 0 || port === openPort) return openPort;
  throw refuse(`it has the port ${openPort}, not ${port}; give the port of the socket, or 0`);
}

/** The state TCP_LISTEN in /proc/net/tcp. */
const LISTENING = '0A';

/** The state of a TCP socket; undefined if it is another socket, or belongs to the network of another namespace. */
function tcpState(inode: number): string | undefined {
  const table = tryCall(() => readFileSync('/proc/self/net/tcp', 'latin1')) ?? '';
  const line = new RegExp(`^ *\\d+: \\S+ \\S+ ([0-9A-F]{2}) (?:\\S+ +){5}${inode} `, 'm').exec(table);
  return line?.[1];
}

function refuse(reason: string): CommandError {
  return new CommandError('Fatal error', `mini-serv: cannot use the inherited socket: ${reason}`);
}
