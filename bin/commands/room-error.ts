import type { MiniServError } from '../../lib/util/errors.js';
import { CommandError } from '../console.js';

/**
 * Returns the error of a room as the command prints it. An error of an option begins with the option, like all others.
 *
 * @param url the name of the URL on the command line
 */
export function roomError({ code, message }: MiniServError, url: string): CommandError {
  if (code !== 'ERR_OPTION') return new CommandError(`mini-serv: ${message}`);
  return new CommandError(message.replace(/^url(?=: )/, url).replace(/^room-/, '--room-'));
}
