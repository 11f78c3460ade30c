import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { findHolder } from '../lib/conformance/proc.js';
import { descriptorLimit } from '../lib/util/descriptors.js';
import { tryCall } from '../lib/util/try-call.js';
import { explainOutOfMemory } from './out-of-memory.js';

const ANOTHER_PORT = 'select another port, or run mini-serv 0 for a free one';
const ANOTHER_WEB_PORT = 'select another port with --web, or a free one with --web 0';
/** Ports below this one need a permission, where the system does not say otherwise. */
const FIRST_FREE_PORT = 1024;

/**
 * Explains why a relay cannot be started, on one line: what failed, why, and what to do.
 *
 * @param port the port of the relay
 * @param webPort the port of its web page
 */
export function explainStart(
  error: NodeJS.ErrnoException & { readonly port?: number },
  port: number,
  webPort?: number,
): string {
  if (error.syscall === 'listen' || error.syscall === 'bind') {
    const isWeb = error.port !== undefined && error.port === webPort;
    const reason = explainPort(error, isWeb ? webPort : port, isWeb ? ANOTHER_WEB_PORT : ANOTHER_PORT);
    return `mini-serv: cannot listen on 127.0.0.1:${isWeb ? webPort : port}: ${reason}`;
  }
  // The spill directory is the only path that is opened before the port.
  if (error.path !== undefined) {
    return `mini-serv: cannot use the spill directory ${error.path}: ${reasonOf(error)}; select another one with --spill-dir`;
  }
  return `mini-serv: ${reasonOf(error)}`;
}

function explainPort(error: NodeJS.ErrnoException, port: number, remedy: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `the port is in use${holderOf(port)}; ${remedy}`;
    case 'EACCES':
      return `${permissionFor(port)}; ${remedy}`;
    case 'EADDRNOTAVAIL':
      return 'the address is not available; check that the loopback interface is up: ip link set lo up';
    default:
      return reasonOf(error);
  }
}

/** Returns which process uses a port, or how to find out if this process may not see it. */
function holderOf(port: number): string {
  const pid = tryCall(() => findHolder(port));
  if (pid === undefined) {
    const command = process.platform === 'linux' ? `ss -tanp sport = :${port}` : `lsof -nP -i tcp:${port}`;
    return ` (to see by which process, run as root: ${command})`;
  }
  const program = tryCall(() => basename(readlinkSync(`/proc/${pid}/exe`)));
  return ` by ${program ?? 'the process'} (pid ${pid})`;
}

function permissionFor(port: number): string {
  const text = tryCall(() => readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1'));
  const first = text === undefined ? FIRST_FREE_PORT : Number(text);
  return port < first
    ? `ports below ${first} need a permission that this user does not have`
    : 'permission denied';
}

/** Returns the reason of an error in words, with a remedy where there is a common one. */
export function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EMFILE') {
    return `the limit of file descriptors (${descriptorLimit()}) is too low; raise it with ulimit -n`;
  }
  // Node writes `EACCES: permission denied, open '/path'`. The path is named already.
  const [, words] = /^E[A-Z0-9]+: (.*?), \w+(?: '.*')?$/s.exec(error.message) ?? [];
  return explainOutOfMemory(error) ?? words ?? error.message;
}
