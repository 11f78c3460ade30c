import { EventEmitter } from 'node:events';
import { Transform } from 'node:stream';
import { authorMethods } from '../util/stream-methods.js';
import { toError } from '../util/to-error.js';

type Method = (this: object, ...args: unknown[]) => unknown;
type Methods = Record<string, Method | undefined>;

/** Public methods that a stream may override, and that its library or the chain calls. */
const PUBLIC_METHODS = ['emit', 'write', 'end', 'read', 'pause', 'resume', 'destroy'];
/** After these have failed, `destroy` would not report an error. */
const ENDS_SILENTLY = ['_construct', '_destroy', 'destroy', 'emit'];
const NODE_METHODS = Transform.prototype as unknown as Methods;

const errorHandlers = new WeakMap<object, (error: Error) => void>();
/** The guards of a method by its names. Streams of one class share them, which keeps idle clients small. */
const guards = new WeakMap<Method, Record<string, Method>>();

/**
 * Turns what the methods of a stream throw into a call of `onError`: it could be an uncaught exception. The same holds for
 * the rejection of an async function that stands in the place of a method with a callback.
 */
export function guardMethods(stream: object, onError: (error: Error) => void): void {
  errorHandlers.set(stream, onError);
  const methods = stream as Methods;
  for (const name of [...authorMethods(stream), ...PUBLIC_METHODS]) {
    const method = methods[name];
    if (typeof method !== 'function' || method === NODE_METHODS[name]) continue;
    const byName = guards.get(method) ?? {};
    guards.set(method, byName);
    byName[name] ??= createGuard(name, method);
    methods[name] = byName[name];
  }
}

function createGuard(name: string, method: Method): Method {
  return function (this: object, ...args: unknown[]): unknown {
    try {
      const result = method.apply(this, args);
      if (result instanceof Promise) result.catch((error: unknown) => report(this, name, error));
      return result;
    } catch (error) {
      // The error with which a stream is destroyed explains more than that of its destroy().
      report(this, name, name === 'destroy' ? (args[0] ?? error) : error);
      // For read(): there is nothing more.
      return null;
    }
  };
}

function report(stream: object, name: string, error: unknown): void {
  if (ENDS_SILENTLY.includes(name)) EventEmitter.prototype.emit.call(stream, 'error', toError(error));
  else errorHandlers.get(stream)?.(toError(error));
}
