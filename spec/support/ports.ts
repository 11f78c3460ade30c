import { readFileSync } from 'node:fs';
import { findHolder, findListener, HAS_PROC, isListening as isTaken } from '../../lib/conformance/proc.js';

export { freePort, listenErrorCode } from '../../lib/conformance/ports.js';

/**
 * Whether a process listens on the port; undefined where the kernel has no table of sockets, which only Linux has. A
 * connection to find out would be a client, and use up an id.
 *
 * @param pid the process that should listen, itself or through a child. Without it, another process that looks for a
 * free port at the same moment is taken for the listener.
 */
export function isListening(port: number, pid?: number): boolean | undefined {
  if (!HAS_PROC || pid === undefined) return isTaken(port);
  if (isTaken(port) !== true) return false;
  if (findListener(port, pid) !== undefined) return true;
  for (let holder = findHolder(port) ?? 0; holder > 0; holder = parentOf(holder)) {
    if (holder === pid) return true;
  }
  return false;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program is in parentheses and may contain anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}
