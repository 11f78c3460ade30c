import { MiniServError, optionError } from './errors.js';

/**
 * Rejects values that are not an object, and options of other names.
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function checkNames(options: unknown, known: readonly string[]): void {
  if (!isObject(options) || Array.isArray(options)) throw optionError('options', 'an object', options);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new MiniServError('ERR_OPTION', `${unknown}: unknown option; expected one of ${known.join(', ')}`);
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
