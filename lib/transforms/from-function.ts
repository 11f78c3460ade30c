import type { Duplex } from 'node:stream';
import { objectTransform } from 'through2';
import { isMessage, type Message } from '../protocol/message.js';
import { describe } from '../util/errors.js';
import type { ClientInfo, MessageFunction } from './transform.js';

type Done = (error?: Error | null, message?: unknown) => void;

/** Makes a stream that calls the function for one message after the other. */
export function fromFunction(transform: MessageFunction, client: ClientInfo): Duplex {
  const emit = (answer: unknown, done: Done): void => {
    if (isMessage(answer)) done(null, answer);
    else if (answer === null) done();
    else if (Array.isArray(answer) && answer.findIndex(isInvalid) === -1) {
      for (const message of answer) stream.push(message);
      done();
    } else done(new TypeError(explain(answer)));
  };
  const stream = objectTransform((message: Message, _encoding, done: Done) => {
    const answer: unknown = transform(message, client);
    if (isPromise(answer)) {
      answer.then(
        (value) => emit(value, done),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    } else emit(answer, done);
  });
  return stream as unknown as Duplex;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** For `find` and `findIndex`, which also visit the holes of an array. */
function isInvalid(item: unknown): boolean {
  return !isMessage(item);
}

function explain(answer: unknown): string {
  if (answer === undefined) {
    return 'returned undefined; return the message to pass it on, or null to drop it';
  }
  const expected = "expected a message such as { kind: 'line', client, text }, an array of messages, or null";
  if (Array.isArray(answer)) {
    return `returned an array with ${describe(answer.find(isInvalid))}; ${expected}`;
  }
  const isFactory = typeof answer === 'function' || typeof (answer as { pipe?: unknown }).pipe === 'function';
  const hint = isFactory ? '; use createStream(client) for a transform that makes a stream' : '';
  return `returned ${describe(answer)}; ${expected}${hint}`;
}
