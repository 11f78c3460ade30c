import { launch, type Server, serverCommand, shell } from './command.js';
import { onTerminal } from './terminal.js';

/** `mini-serv join` as a process, and what it needs to be used. */
export interface Joined extends Server {
  /** Sends bytes to its standard input. */
  type(bytes: string | Buffer): void;
}

/** Starts `mini-serv join` with pipes as its standard streams. */
export function joinWithPipes(port: number, command = serverCommand()): Joined {
  return toJoined(launch([...command, 'join', String(port)], port));
}

/** Starts `mini-serv join` through a shell, in whose script it is `"$@"`. */
export function joinWithShell(port: number, script: string): Joined {
  return joinWithPipes(port, shell(script));
}

/**
 * Starts `mini-serv join` on a terminal of 80 columns without a shell that could stop it.
 *
 * @param args options before the port
 * @param script a shell script in which it is `"$@"`
 */
export function joinOnTerminal(
  port: number,
  {
    args = [],
    script = 'exec "$@"',
    env = {},
  }: { args?: string[]; script?: string; env?: Record<string, string> } = {},
): Joined {
  const environment = { TERM: 'xterm-256color', ...env };
  return toJoined(launch([...onTerminal(script), 'join', ...args, String(port)], port, environment));
}

function toJoined(server: Server): Joined {
  return { ...server, type: (bytes) => void server.process.stdin?.write(bytes) };
}
