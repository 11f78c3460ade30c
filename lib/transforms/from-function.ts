import { objectTransform } from 'through2';
import type { Message } from '../protocol/message.js';

type Answer = Message | null | readonly Message[];

/**
 * A transform as a plain function of a message: what it gives goes on in the message's place. `null` drops the
 * message. `undefined` is an error, since it is what a forgotten `return` gives.
 */
export type MessageFunction = (message: Message) => Answer | Promise<Answer>;

type Done = (error?: Error | null, message?: unknown) => void;

/** A stage that asks the function about one message after another. */
export function fromFunction(answer: MessageFunction): ReturnType<typeof objectTransform> {
  const give = (given: unknown, done: Done): void => {
    if (given === undefined) {
      done(new TypeError('it gave undefined: it must give the message to pass it on, or null to drop it'));
    } else if (Array.isArray(given)) {
      for (const message of given as unknown[]) stage.push(message);
      done();
    } else done(null, given);
  };
  const stage = objectTransform((message: Message, _encoding, done: Done) => {
    const given: unknown = answer(message);
    if (isPromise(given)) {
      given.then(
        (later) => give(later, done),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    } else give(given, done);
  });
  return stage;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
