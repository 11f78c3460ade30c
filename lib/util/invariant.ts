import { MiniServError } from './errors.js';

/**
 * What holds at all times, or mini-serv itself is wrong. Such checks stay on: where one fails, the process ends
 * rather than that a wrong byte is sent.
 *
 * @throws {MiniServError} ERR_INVARIANT, which nobody can keep from being an uncaught exception as well: a `catch`
 * that is meant for somebody's transform or destination must not let the room go on.
 */
export function invariant(holds: boolean, what: string): asserts holds {
  if (holds) return;
  const error = new MiniServError('ERR_INVARIANT', `broken invariant: ${what}`);
  process.nextTick(() => {
    throw error;
  });
  throw error;
}
