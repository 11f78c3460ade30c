import { toError } from '../util/to-error.js';

type Method = (...args: unknown[]) => unknown;

/**
 * Calls `onError` when an internal method of a stream throws, or rejects because it was written as an async function.
 * Otherwise that could be an uncaught exception.
 *
 * @param isForeign whether the stream is not one of Node's. Those handle exceptions in their methods for reading
 */
export function guardMethods(stream: object, isForeign: boolean, onError: (error: Error) => void): void {
  const methods = stream as Record<string, Method | undefined>;
  const fail = (error: unknown): void => onError(toError(error));
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
