import { isatty } from 'node:tty';
import type { Command } from '../arguments.js';
import { CommandError } from '../console.js';

/** Joins the room of a relay as a client: a person at a terminal, or a program. */
export async function join({ port, reconnect }: Command & { kind: 'join' }): Promise<void> {
  // A terminal of this type cannot move its cursor.
  const isInteractive = isatty(0) && isatty(1) && process.env.TERM !== 'dumb';
  if (isInteractive) {
    const { startSession } = await import('../join/session.js');
    return startSession({ port, reconnect });
  }
  if (reconnect) {
    throw new CommandError(
      '--reconnect: expected a terminal as standard input and output, and not TERM=dumb; without it, missing lines would not be noticed',
    );
  }
  const { exchange } = await import('../join/exchange.js');
  return exchange(port);
}
