import type { TransformSpec } from '../../lib/transforms/loader/spec.js';
import type { MessageTransform } from '../../lib/transforms/transform.js';
import type { MiniServError } from '../../lib/util/errors.js';
import { CommandError, printMessage } from '../console.js';

/**
 * Loads the transforms of the command line.
 *
 * @param verbose whether the error has the stack of a module that failed
 * @throws {CommandError} naming the transform that cannot be used, and why
 */
export async function loadTransforms(
  specs: readonly TransformSpec[],
  verbose: boolean,
): Promise<readonly MessageTransform[]> {
  if (specs.length === 0) return [];
  // A rejected promise that a transform does not await must not end the room.
  process.on('unhandledRejection', (reason) =>
    printMessage(`a transform has an unhandled rejection: ${String(reason)}`),
  );
  const loader = await import('../../lib/transforms/loader/load.js');
  try {
    return await loader.loadTransforms(specs);
  } catch (error) {
    const { code, message, cause } = error as MiniServError;
    if (code === 'ERR_OPTION') throw new CommandError(message);
    // The stack of the transform's own error says where the module failed; the loader's stack does not.
    const original = cause instanceof Error ? cause.cause : undefined;
    const details = verbose && original instanceof Error ? original.stack : undefined;
    throw new CommandError(`mini-serv: ${message}`, details);
  }
}
