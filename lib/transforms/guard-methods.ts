type Method = (...args: unknown[]) => unknown;

/**
 * Turns what the internal methods of a stream throw into a call of `onError`: it could be an uncaught exception. The same
 * holds for the rejection of an async function that stands in the place of a method with a callback.
 *
 * @param isForeign whether the stream is not Node's, which handle exceptions in the methods for reading themselves
 */
export function guardMethods(stream: object, isForeign: boolean, onError: (error: Error) => void): void {
  const methods = stream as Record<string, Method | undefined>;
  const fail = (error: unknown): void => onError(error instanceof Error ? error : new Error(String(error)));
  // A Transform calls `_flush` only from its original `_final`, which must not be replaced.
  const last = typeof methods._transform === 'function' ? '_flush' : '_final';
  const reading = isForeign ? ['read', '_read'] : [];
  for (const name of [...reading, '_transform', '_write', '_writev', last]) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    methods[name] = (...args) => {
      try {
        const result = method.apply(stream, args);
        if (result instanceof Promise) result.catch(fail);
        return result;
      } catch (error) {
        fail(error);
        // For read(): there is nothing more.
        return null;
      }
    };
  }
}
