import { Duplex } from 'node:stream';
import type { Message } from '../protocol/message.js';
import type { ClientInfo, MessageGenerator } from './transform.js';

const DONE = { done: true, value: undefined } as const;

/**
 * Makes a stream that runs the generator. A message is acknowledged when the generator asks for the next one;
 * `Duplex.from` and through2 acknowledge it when they queue it, so that a failure would lose it.
 */
export function fromGenerator(generator: MessageGenerator, client: ClientInfo): Duplex {
  /** Calls of `next()` that wait for a message. */
  const requests: ((result: IteratorResult<Message>) => void)[] = [];
  let offered: { message: Message; callback: () => void } | null = null;
  /** Acknowledges the message that the generator works on. */
  let acknowledge: (() => void) | null = null;
  let isEnded = false;
  let onDemand = (): void => {};

  const pump = (): void => {
    while (requests.length > 0) {
      if (acknowledge !== null) {
        const callback = acknowledge;
        // Reset first: the callback can write the next message and so call this function again.
        acknowledge = null;
        callback();
      } else if (isEnded) {
        requests.shift()?.(DONE);
      } else if (offered !== null) {
        const { message, callback } = offered;
        offered = null;
        acknowledge = callback;
        requests.shift()?.({ done: false, value: message });
      } else return;
    }
  };
  // Written by hand because an async generator in this place costs about as much as the whole stream.
  const messages: AsyncIterableIterator<Message> = {
    [Symbol.asyncIterator]: () => messages,
    next: () =>
      new Promise((resolve) => {
        requests.push(resolve);
        pump();
      }),
    return: () => Promise.resolve(DONE),
  };
  const run = async (): Promise<void> => {
    for await (const message of generator(messages, client)) {
      if (!stream.push(message) && !stream.destroyed) {
        await new Promise<void>((resolve) => {
          onDemand = resolve;
        });
      }
      if (stream.destroyed) return;
    }
    acknowledge?.();
    stream.push(null);
  };
  const stream = new Duplex({
    objectMode: true,
    read: () => onDemand(),
    write(message: Message, _encoding, callback) {
      offered = { message, callback };
      pump();
    },
    final(callback) {
      isEnded = true;
      pump();
      callback();
    },
    // Lets the generator run to its end, so that it can release what it has opened.
    destroy(error, callback) {
      isEnded = true;
      pump();
      onDemand();
      callback(error);
    },
  });
  run().catch((error: Error) => stream.destroy(error));
  return stream;
}
