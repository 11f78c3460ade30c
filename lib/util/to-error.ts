import { isNativeError } from 'node:util/types';
import { describe } from './errors.js';
import { tryCall } from './try-call.js';

/** Returns what was thrown as an Error. A value that is not an error becomes the message. */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new Error(typeof thrown === 'string' ? thrown : describe(thrown));
}

/** Whether a value is an Error of any realm. False for a Proxy that throws. */
export function isError(value: unknown): value is Error {
  return isNativeError(value) || tryCall(() => value instanceof Error) === true;
}
