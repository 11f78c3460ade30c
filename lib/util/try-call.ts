/**
 * Returns the result of a call, or undefined if it throws. For foreign objects, whose getters may throw, and for system
 * calls whose failure means only that there is no answer.
 */
export function tryCall<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}
