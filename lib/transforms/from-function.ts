import type { Duplex } from 'node:stream';
import { objectTransform } from 'through2';
import { describeOther, isMessage, type Message } from '../protocol/message.js';
import { toError } from '../util/to-error.js';
import { tryCall } from '../util/try-call.js';
import type { ClientInfo, MessageFunction } from './transform.js';

type Done = (error?: Error | null, message?: unknown) => void;

/** Makes a stream that calls the function for one message after the other. */
export function fromFunction(transform: MessageFunction, client: ClientInfo): Duplex {
  const emit = (answer: unknown, done: Done): void => {
    if (isMessage(answer)) done(null, answer);
    else if (answer === null) done();
    else {
      const messages = toArray(answer);
      const problem = explainAnswer(answer, messages);
      if (problem !== undefined) {
        done(new TypeError(problem));
        return;
      }
      for (const message of messages ?? []) stream.push(message);
      done();
    }
  };
  const stream = objectTransform((message: Message, _encoding, done: Done) => {
    const answer: unknown = transform(message, client);
    if (isPromise(answer)) {
      answer.then(
        (value) => emit(value, done),
        (error: unknown) => done(toError(error)),
      );
    } else emit(answer, done);
  });
  return stream as unknown as Duplex;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Copies an array. The copy has `undefined` in the place of holes, and cannot be a Proxy that throws. */
function toArray(answer: unknown): unknown[] | undefined {
  return tryCall(() => (Array.isArray(answer) ? Array.from<unknown>(answer) : undefined));
}

/**
 * Returns what is wrong with the answer of a message function, if anything is.
 *
 * @param items those of an answer that is an array
 */
export function explainAnswer(answer: unknown, items = toArray(answer)): string | undefined {
  if (isMessage(answer) || answer === null || items?.every(isMessage)) return undefined;
  if (answer === undefined) {
    return 'returned undefined; return the message to pass it on, or null to drop it';
  }
  const expected = "expected a message such as { kind: 'line', client, text }, an array of messages, or null";
  if (items !== undefined) {
    const other = items.find((item) => !isMessage(item));
    return `returned an array with ${describeOther(other)}; ${expected}`;
  }
  const isFactory =
    typeof answer === 'function' ||
    tryCall(() => typeof (answer as { pipe?: unknown }).pipe === 'function') === true;
  const hint = isFactory ? '; use createStream(client) for a transform that makes a stream' : '';
  return `returned ${describeOther(answer)}; ${expected}${hint}`;
}
