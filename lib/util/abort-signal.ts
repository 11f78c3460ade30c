import { isObject } from './option-names.js';

/** Accepts the AbortSignal of another realm or of a polyfill, which `instanceof` does not. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return isObject(value) && 'aborted' in value && 'addEventListener' in value;
}
