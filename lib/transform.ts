import { Duplex, type Readable, type Writable } from 'node:stream';
import type { Message } from './message.js';
import { fromFunction, type MessageFunction } from './message-function.js';

/** What a transform's factory is told of the client that it is called for. */
export interface ClientInfo {
  readonly id: number;
}

/** A transform as an async generator function: messages in, messages out. */
export type MessageGenerator = (
  messages: AsyncIterable<Message>,
  client: ClientInfo,
) => AsyncIterable<Message>;

/**
 * Called once for each client: gives an object-mode Duplex of {@link Message}s (through2's `objectTransform`, a
 * Transform of node's, …), an async generator function or a plain function of a message. An async generator
 * function may also stand in place of the factory.
 */
export type TransformFactory =
  | ((client: ClientInfo) => NodeJS.ReadWriteStream | MessageGenerator | MessageFunction)
  | MessageGenerator;

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
  const made = isAsyncGeneratorFunction(factory)
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
  return guarded(stage);
}

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

/** A throw in a classic transform function would be an uncaught exception: it becomes the stage's 'error'. */
function guarded(stage: Duplex): Duplex {
  const guardable = stage as unknown as Record<string, ((...args: unknown[]) => void) | undefined>;
  // A Transform with a `_final` that is not its own would be flushed twice.
  const last = typeof guardable._transform === 'function' ? '_flush' : '_final';
  for (const name of ['_write', '_writev', last]) {
    const method = guardable[name];
    if (typeof method !== 'function') continue;
    guardable[name] = (...args) => {
      try {
        method.apply(stage, args);
      } catch (error) {
        stage.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    };
  }
  return stage;
}

/** Unlike Duplex.from, it calls a message taken only when the generator asks for the next one. */
function fromGenerator(generator: MessageGenerator, client: ClientInfo): Duplex {
  let give: ((value: IteratorResult<Message>) => void) | null = null;
  let next: IteratorResult<Message> | null = null;
  let taken: (() => void) | null = null;
  const source: AsyncIterableIterator<Message> = {
    [Symbol.asyncIterator]: () => source,
    next() {
      taken?.();
      taken = null;
      if (next === null) return new Promise((resolve) => (give = resolve));
      const value = next;
      next = null;
      return Promise.resolve(value);
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
  };
  const offer = (value: IteratorResult<Message>, callback: () => void): void => {
    taken = callback;
    if (give === null) next = value;
    else {
      give(value);
      give = null;
    }
  };
  let resume: (() => void) | null = null;
  const run = async (): Promise<void> => {
    for await (const message of generator(source, client)) {
      if (!stage.push(message)) await new Promise<void>((resolve) => (resume = resolve));
    }
    stage.push(null);
  };
  const stage = new Duplex({
    objectMode: true,
    read() {
      resume?.();
      resume = null;
    },
    write: (message: Message, _encoding, callback) => offer({ done: false, value: message }, callback),
    final(callback) {
      offer({ done: true, value: undefined }, () => {});
      callback();
    },
  });
  run().catch((error: Error) => stage.destroy(error));
  return stage;
}
