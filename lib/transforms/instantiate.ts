import type { Duplex } from 'node:stream';
import { describe } from '../util/errors.js';
import { fromFunction } from './from-function.js';
import { fromGenerator } from './from-generator.js';
import {
  type ClientInfo,
  isAsyncGeneratorFunction,
  type MessageFunction,
  type MessageTransform,
} from './transform.js';

/** Streams that belong to a client already. */
const usedStreams = new WeakSet<Duplex>();

/**
 * Makes the stream that runs a transform for one client.
 *
 * @throws TypeError if `createStream` returns anything but a new object-mode Duplex, or the error that it throws
 */
export function instantiate(transform: MessageTransform, client: ClientInfo): Duplex {
  const stream: unknown =
    typeof transform !== 'function'
      ? transform.createStream(client)
      : isAsyncGeneratorFunction(transform)
        ? fromGenerator(transform, client)
        : fromFunction(transform as MessageFunction, client);
  if (!isObjectDuplex(stream)) {
    const got = isStream(stream) ? 'a stream that is not in object mode' : describe(stream);
    throw new TypeError(
      `createStream must return a stream such as new Transform({ objectMode: true, transform }), got ${got}`,
    );
  }
  if (usedStreams.has(stream) || !stream.writable || !stream.readable) {
    throw new TypeError(
      'createStream must return a new stream for each client, got one that was used before',
    );
  }
  usedStreams.add(stream);
  catchErrors(stream);
  return stream;
}

function isStream(value: unknown): value is Partial<Duplex> {
  const stream = value as Partial<Duplex> | null | undefined;
  return typeof stream?.write === 'function' && typeof stream.pipe === 'function';
}

// Streams made with through2 come from the readable-stream package: they are not `instanceof` node's Duplex.
function isObjectDuplex(value: unknown): value is Duplex {
  return isStream(value) && value.writableObjectMode === true && value.readableObjectMode === true;
}

/**
 * Turns what the methods of a stream throw into its 'error' event: it would be an uncaught exception. The same holds
 * for the rejection of an async function that stands in the place of a method with a callback.
 */
function catchErrors(stream: Duplex): void {
  const methods = stream as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const fail = (error: unknown): void => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  // A Transform calls `_flush` only from its original `_final`, which must not be replaced.
  const last = typeof methods._transform === 'function' ? '_flush' : '_final';
  for (const name of ['_transform', '_write', '_writev', last]) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    methods[name] = (...args) => {
      try {
        const result = method.apply(stream, args);
        if (result instanceof Promise) result.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }
}
