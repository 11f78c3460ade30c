import { setImmediate } from 'node:timers/promises';
import { explainAnswer } from '../from-function.js';
import { toMessageStream } from '../instantiate.js';
import { isAsyncGeneratorFunction } from '../transform.js';
import type { TransformModule } from './module.js';
import { mayUseArgument } from './parameters.js';

const NO_CLIENT = { id: -1 };

/**
 * Checks what a module returns before there is a client: makes two streams and destroys them, or calls a function without
 * parameters, which cannot know the client. Errors that the module throws are ignored: they may concern only this client.
 *
 * @throws {Error} if the module makes anything but a new Duplex in object mode, or returns anything but messages
 */
export async function tryModule(
  { transform, createStream }: TransformModule,
  options: object,
): Promise<void> {
  if (createStream !== undefined) {
    const made = await resultOf(() => [createStream(NO_CLIENT, options)]);
    if (made === undefined) return;
    discard(made[0]);
    // A second time, because a module may return the same stream for all clients.
    const other = await resultOf(() => [createStream(NO_CLIENT, options)]);
    if (other !== undefined) discard(other[0]);
  } else if (!isAsyncGeneratorFunction(transform) && !mayUseArgument(transform as never, 1)) {
    const answer = await resultOf(async () => [await (transform as () => unknown)()]);
    const problem = answer === undefined ? undefined : explainAnswer(answer[0]);
    if (problem !== undefined) throw new Error(`the default export ${problem}`);
  }
}

/** @throws {TypeError} if the value is anything but a new Duplex in object mode */
function discard(value: unknown): void {
  toMessageStream(value)
    .on('error', () => {})
    .destroy();
}

/** Returns undefined if the function throws or rejects, or takes longer than one turn of the event loop. */
async function resultOf<T>(call: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await Promise.race([call(), setImmediate(undefined)]);
  } catch {
    return undefined;
  }
}
