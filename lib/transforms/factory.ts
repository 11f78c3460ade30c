import type { Duplex, Readable, Writable } from 'node:stream';
import type { Message } from '../protocol/message.js';
import { fromFunction, type MessageFunction } from './from-function.js';
import { fromGenerator, type MessageGenerator } from './from-generator.js';

export type { MessageGenerator };

/** What a transform's factory is told of the client that it is called for. */
export interface ClientInfo {
  readonly id: number;
}

/**
 * Called once for each client: gives an object-mode Duplex of messages (through2's `objectTransform`, a
 * Transform of node's, …), an async generator function or a plain function of a message. An async generator
 * function may also stand in place of the factory.
 *
 * The types of the parameters say both things that they may be, so that TypeScript knows what they are in a
 * function that is written in place.
 */
export type TransformFactory = (
  clientOrMessages: ClientInfo & AsyncIterable<Message>,
  client: ClientInfo,
) => NodeJS.ReadWriteStream | TransformFunction | AsyncIterable<Message>;

/** What a factory may give instead of a stream: a {@link MessageGenerator} or a {@link MessageFunction}. */
export type TransformFunction = (
  messageOrMessages: Message & AsyncIterable<Message>,
  client: ClientInfo,
) => AsyncIterable<Message> | ReturnType<MessageFunction>;

const AsyncGeneratorFunction = async function* () {}.constructor;

export function isAsyncGeneratorFunction(value: unknown): value is MessageGenerator {
  return value instanceof AsyncGeneratorFunction;
}

/**
 * One client's own instance of a transform.
 *
 * @throws TypeError if the factory gives something else than it should; whatever the factory itself throws
 */
export function instantiate(factory: TransformFactory, client: ClientInfo): Duplex {
  const made: unknown = isAsyncGeneratorFunction(factory)
    ? factory
    : (factory as (client: ClientInfo) => unknown)(client);
  const stage = isAsyncGeneratorFunction(made)
    ? fromGenerator(made, client)
    : typeof made === 'function'
      ? fromFunction(made as MessageFunction)
      : made;
  if (!isObjectDuplex(stage)) {
    throw new TypeError(
      'a transform must be an object-mode Duplex, an async generator function or a function of a message',
    );
  }
  if (taken.has(stage) || !stage.writable || !stage.readable) {
    throw new TypeError('a transform must be a new one for each client');
  }
  taken.add(stage);
  return guarded(stage);
}

/** The streams that have been given to a client. */
const taken = new WeakSet<Duplex>();

// Streams made with through2 come from the readable-stream package, so they are no `instanceof` node's Duplex.
export function isObjectDuplex(value: unknown): value is Duplex {
  const stage = value as Partial<Duplex> | null;
  return (
    typeof stage?.write === 'function' &&
    typeof stage.pipe === 'function' &&
    (stage as Writable).writableObjectMode === true &&
    (stage as Readable).readableObjectMode === true
  );
}

/**
 * A throw in a classic transform function would be an uncaught exception, and so would be what an async function
 * throws that stands where a classic one is wanted: both become the stage's 'error'.
 */
function guarded(stage: Duplex): Duplex {
  const guardable = stage as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const fail = (error: unknown): void => {
    stage.destroy(error instanceof Error ? error : new Error(String(error)));
  };
  // A Transform with a `_final` that is not its own would be flushed twice.
  const last = typeof guardable._transform === 'function' ? '_flush' : '_final';
  for (const name of ['_transform', '_write', '_writev', last]) {
    const method = guardable[name];
    if (typeof method !== 'function') continue;
    guardable[name] = (...args) => {
      try {
        const given = method.apply(stage, args);
        if (given instanceof Promise) given.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }
  return stage;
}
