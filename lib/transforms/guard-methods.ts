import { EventEmitter } from 'node:events';
import { Transform } from 'node:stream';
import { authorMethods } from '../util/stream-methods.js';
import { toError } from '../util/to-error.js';

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method | undefined>;

/** Public methods that a stream may override, and that its library or the chain calls. */
const PUBLIC_METHODS = ['emit', 'write', 'end', 'read', 'pause', 'resume', 'destroy'];
/** After these have failed, `destroy` would not report an error. */
const ENDS_SILENTLY = ['_construct', '_destroy', 'destroy', 'emit'];
const NODE_METHODS = Transform.prototype as unknown as Methods;

/**
 * Calls `onError` when a method of a stream throws, or rejects because it was written as an async function. Otherwise that
 * could be an uncaught exception.
 */
export function guardMethods(stream: object, onError: (error: Error) => void): void {
  const methods = stream as Methods;
  for (const name of [...authorMethods(stream), ...PUBLIC_METHODS]) {
    const method = methods[name];
    if (typeof method !== 'function' || method === NODE_METHODS[name]) continue;
    const fail = (error: unknown): void => {
      if (ENDS_SILENTLY.includes(name)) EventEmitter.prototype.emit.call(stream, 'error', toError(error));
      else onError(toError(error));
    };
    methods[name] = (...args) => {
      try {
        const result = method.apply(stream, args);
        if (result instanceof Promise) result.catch(fail);
        return result;
      } catch (error) {
        // The error with which a stream is destroyed explains more than that of its destroy().
        fail(name === 'destroy' ? (args[0] ?? error) : error);
        // For read(): there is nothing more.
        return null;
      }
    };
  }
}
