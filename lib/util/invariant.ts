import { MiniServError } from './errors.js';

/**
 * Checks a condition that only a bug in mini-serv can violate. A violation ends the process, so that no wrong byte is
 * sent.
 *
 * @param violation what is wrong if the condition does not hold
 * @throws {MiniServError} ERR_INVARIANT. The same error is also thrown as an uncaught exception, because a `catch` for
 * errors of a transform or a destination must not hide it.
 */
export function invariant(condition: boolean, violation: string): asserts condition {
  if (condition) return;
  const error = new MiniServError('ERR_INVARIANT', `broken invariant: ${violation}`);
  process.nextTick(() => {
    throw error;
  });
  throw error;
}
