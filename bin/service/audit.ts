import { fstatSync, type Stats, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import type { Format } from '../../lib/protocol/formats.js';
import type { Relay } from '../../lib/relay/relay.js';
import { type Audit, auditTo } from '../../lib/transcript/audit.js';
import { descriptorOf } from '../../lib/util/descriptor-path.js';
import { tryCall } from '../../lib/util/try-call.js';
import { CommandError } from '../console.js';

/** Why the audit cannot go to a standard stream, and what to do instead, by the number of the descriptor. */
const REASONS = [
  'it is standard input; name a file',
  'it is standard output, which has the transcript without --audit; choose its format with --format',
  'it is standard error, which has the messages of mini-serv; choose the format of standard output with --format, and add >&2 to send it there',
] as const;

/**
 * Starts the audit of the command.
 *
 * @throws {CommandError} if the path cannot have an audit, or is also a standard stream, where both would be mixed
 */
export async function startAudit(
  relay: Relay,
  { path, ...options }: { path: string; format?: Format },
): Promise<Audit> {
  if (path === '-') throw refuse(path, `${REASONS[1]}. The path of a file with this name is ./-`);
  const stream = descriptorOf(path) ?? [1, 2, 0].find((fd) => isSame(path, fd)) ?? Number.POSITIVE_INFINITY;
  if (stream < REASONS.length) throw refuse(path, REASONS[stream] as string);
  try {
    return await auditTo(relay, path, options);
  } catch (error) {
    const reason = (await import('../diagnosis.js')).reasonOf(error as Error);
    // Errors of the library begin with the path, and have no other context.
    throw refuse(path, reason.startsWith(`${path} `) ? `it ${reason.slice(path.length + 1)}` : reason);
  }
}

function refuse(path: string, reason: string): CommandError {
  return new CommandError('Fatal error', `mini-serv: cannot use the audit ${path}: ${reason}`);
}

/** Whether what is written to the path is mixed with what is written to the descriptor. */
function isSame(path: string, fd: number): boolean {
  const [target, own] = [tryCall(() => statSync(path)), tryCall(() => fstatSync(fd))];
  if (target === undefined || own === undefined) return false;
  // Messages of mini-serv may appear on the terminal that shows the audit.
  if (target.isCharacterDevice()) return fd === 1 && isatty(1) && isTerminal(target, own);
  // A relay does not read its standard input, so a file there may also have the audit.
  return target.dev === own.dev && target.ino === own.ino && (fd !== 0 || !target.isFile());
}

function isTerminal({ rdev }: Stats, own: Stats): boolean {
  return rdev === own.rdev || rdev === tryCall(() => statSync('/dev/tty'))?.rdev;
}
