import { Duplex, type DuplexOptions } from 'node:stream';
import type { Message } from '../protocol/message.js';
import type { ClientInfo } from './factory.js';

/** A transform as an async generator function: messages in, messages out. */
export type MessageGenerator = (
  messages: AsyncIterable<Message>,
  client: ClientInfo,
) => AsyncIterable<Message>;

const DONE = { done: true, value: undefined } as const;

/**
 * A stage that is run by the generator. Unlike Duplex.from, it calls a message taken only when the generator asks
 * for the next one.
 */
export function fromGenerator(generator: MessageGenerator, client: ClientInfo): Duplex {
  /** Requests for a message that have had no answer yet. */
  const asked: ((answer: IteratorResult<Message>) => void)[] = [];
  let offered: { message: Message; callback: () => void } | null = null;
  /** Calls the message taken that the generator had last. */
  let take: (() => void) | null = null;
  let over = false;
  let resume = (): void => {};

  const give = (): void => {
    while (offered !== null && asked.length > 0) {
      const { message, callback } = offered;
      offered = null;
      take = callback;
      asked.shift()?.({ done: false, value: message });
      if (asked.length > 0) proceed();
    }
    if (over) for (const answer of asked.splice(0)) answer(DONE);
  };
  const proceed = (): void => {
    const callback = take;
    // Before it is called: it may lead to the next message at once.
    take = null;
    callback?.();
  };
  const source: AsyncIterableIterator<Message> = {
    [Symbol.asyncIterator]: () => source,
    next: () =>
      new Promise((resolve) => {
        asked.push(resolve);
        proceed();
        give();
      }),
    return: () => Promise.resolve(DONE),
  };
  const run = async (): Promise<void> => {
    for await (const message of generator(source, client)) {
      if (!stage.push(message) && !stage.destroyed) {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
      if (stage.destroyed) return;
    }
    proceed();
    stage.push(null);
  };
  const options: DuplexOptions = {
    objectMode: true,
    read: () => resume(),
    write(message: Message, _encoding, callback) {
      offered = { message, callback };
      give();
    },
    final(callback) {
      over = true;
      give();
      callback();
    },
    // The generator is led to its end, so that it can put away what it has opened.
    destroy(error, callback) {
      over = true;
      give();
      resume();
      callback(error);
    },
  };
  const stage = new Duplex(options);
  run().catch((error: Error) => stage.destroy(error));
  return stage;
}
