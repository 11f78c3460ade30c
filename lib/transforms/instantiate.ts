import type { Duplex } from 'node:stream';
import { describe } from '../util/errors.js';
import { KNOWN_LIBRARIES, type StreamTraits, traitsOf } from '../util/stream-traits.js';
import { tryCall } from '../util/try-call.js';
import { toCurrentStream } from './current-stream.js';
import { fromFunction } from './from-function.js';
import { fromGenerator } from './from-generator.js';
import { guardMethods } from './guard-methods.js';
import {
  type ClientInfo,
  isAsyncGeneratorFunction,
  type MessageFunction,
  type MessageTransform,
} from './transform.js';

/** Streams that belong to a client already. */
const usedStreams = new WeakSet<object>();

/**
 * Makes the stream that runs a transform for one client.
 *
 * @throws TypeError if `createStream` returns anything but a new object-mode Duplex, or the error that it throws
 */
export function instantiate(transform: MessageTransform, client: ClientInfo): Duplex {
  if (typeof transform !== 'function') return toMessageStream(transform.createStream(client));
  return toMessageStream(
    isAsyncGeneratorFunction(transform)
      ? fromGenerator(transform, client)
      : fromFunction(transform as MessageFunction, client),
  );
}

/**
 * Checks what `createStream` has returned, and takes possession of it.
 *
 * @throws TypeError
 */
export function toMessageStream(value: unknown): Duplex {
  const traits = tryCall(() => traitsOf(value));
  const problem = explainProblem(value, traits);
  if (traits === undefined || problem !== undefined) {
    // The rejection of an async createStream explains less than this error.
    if (value instanceof Promise) value.catch(() => {});
    const example = 'a stream such as new Transform({ objectMode: true, transform })';
    throw new TypeError(`createStream must return ${example}, ${problem}`);
  }
  if (usedStreams.has(value as object) || traits.isDestroyed || traits.hasReadEnd || traits.hasWriteEnd) {
    throw new TypeError(
      'createStream must return a new stream for each client, got one that was used before',
    );
  }
  usedStreams.add(value as object);
  const stream = toCurrentStream(value as object);
  guardMethods(stream, (error) => stream.destroy(error));
  return stream;
}

/** Returns why a value cannot be a transform. */
function explainProblem(value: unknown, traits: StreamTraits | undefined): string | undefined {
  if (traits === undefined) {
    const isWeb = tryCall(
      () => typeof (value as { readable: ReadableStream }).readable.getReader === 'function',
    );
    return `got ${describe(value)}${isWeb ? '; convert it with Duplex.fromWeb(stream, { objectMode: true })' : ''}`;
  }
  const { isReadable, isWritable, readsObjects, writesObjects, isStreamx } = traits;
  if (!isWritable) return 'got a stream that cannot be written to';
  if (!isReadable) return 'got a stream that cannot be read from';
  if (!isStreamx && (readsObjects === undefined || writesObjects === undefined)) {
    return `got ${describe(value)} of a library that is not supported; use ${KNOWN_LIBRARIES}`;
  }
  // A stream of streamx carries what it is given: messages here.
  if (!isStreamx && (readsObjects !== true || writesObjects !== true)) {
    const side = readsObjects === true ? 'writable' : writesObjects === true ? 'readable' : undefined;
    const hint = side === undefined ? '' : `with objectMode also on its ${side} side, `;
    return `${hint}got a stream that is not in object mode`;
  }
  if (traits.isPipeEnd) {
    return 'got the last stream of a pipe, to which messages would go past the others; combine them with compose()';
  }
  return undefined;
}
