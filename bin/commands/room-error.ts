import type { MiniServError } from '../../lib/util/errors.js';
import { CommandError } from '../console.js';

/**
 * Returns the error of a room as the command prints it. An error of an option begins with the option, like all others.
 *
 * @param url the name of the URL on the command line
 * @param timeout the name of the option that limits the wait for the engine
 */
export function roomError({ code, message }: MiniServError, url: string, timeout: string): CommandError {
  const remedy =
    code === 'ERR_ROOM_TIMEOUT' ? `; check the URL and the server, or set a longer ${timeout}` : '';
  if (code !== 'ERR_OPTION') return new CommandError(`mini-serv: ${message}${remedy}`);
  return new CommandError(message.replace(/^url(?=: )/, url).replace(/^room-/, '--room-'));
}
