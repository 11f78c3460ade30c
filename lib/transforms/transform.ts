import type { Message } from '../protocol/message.js';
import { isPlainObject } from '../util/plain-object.js';
import { tryCall } from '../util/try-call.js';

/** The client that a transform works for. All calls for one client get the same object. */
export interface ClientInfo {
  /** The client's number, as on the wire. */
  readonly id: number;
}

/** The result of a {@link MessageFunction}: the message to pass on, several messages, or `null` to drop it. */
export type MessageAnswer = Message | readonly Message[] | null;

/**
 * A transform that handles one message at a time. The next message waits until a returned promise settles.
 *
 * `undefined` is not a valid answer, because it usually means that a `return` was forgotten.
 *
 * @example
 * ```js
 * const shout = (message) =>
 *   message.kind === 'line' ? { ...message, text: message.text.toUpperCase() } : message;
 * createRelay({ transforms: [shout] });
 * ```
 */
export type MessageFunction = (
  message: Message,
  client: ClientInfo,
) => MessageAnswer | Promise<MessageAnswer>;

/**
 * A transform with state: an async generator function, which runs once for each client. It reads the messages of the
 * client and yields messages to pass on.
 *
 * @example
 * ```js
 * async function* numbered(messages) {
 *   let count = 0;
 *   for await (const message of messages) {
 *     yield message.kind === 'line' ? { ...message, text: `${++count}. ${message.text}` } : message;
 *   }
 * }
 * createRelay({ transforms: [numbered] });
 * ```
 */
export type MessageGenerator = (
  messages: AsyncIterable<Message>,
  client: ClientInfo,
) => AsyncGenerator<Message, void>;

/**
 * A transform that makes a stream for each client.
 *
 * @example
 * const unchanged = { createStream: () => new PassThrough({ objectMode: true }) };
 * createRelay({ transforms: [unchanged] });
 */
export interface StreamTransform {
  /** Identifies the transform in warnings. */
  readonly name?: string;
  /**
   * File descriptors that each of its streams may keep open. The relay accepts fewer clients accordingly, so that opening
   * one does not fail with EMFILE. Default: 0.
   */
  readonly descriptors?: number;
  /**
   * Called once for each client.
   *
   * @returns a new Duplex in object mode that reads and emits messages, such as a Transform of `node:stream` or
   * through2's `objectTransform`. A 'warning' event of the stream becomes a warning of the relay
   */
  createStream(client: ClientInfo): NodeJS.ReadWriteStream;
}

/**
 * An item of the `transforms` option: a {@link MessageFunction}, a {@link MessageGenerator} or a
 * {@link StreamTransform}.
 *
 * Both kinds of function share one signature here, whose first parameter is the intersection of the two. With a plain
 * union, TypeScript could not infer the parameters of a function that is written in place.
 */
export type MessageTransform =
  | ((
      messageOrMessages: Message & AsyncIterable<Message>,
      client: ClientInfo,
    ) => AsyncGenerator<Message, void> | MessageAnswer | Promise<MessageAnswer>)
  | StreamTransform;

/** Returns how many file descriptors the streams of one client may keep open. */
export function countDescriptors(transforms: readonly MessageTransform[]): number {
  return transforms.reduce(
    (sum, transform) => sum + (typeof transform === 'function' ? 0 : (transform.descriptors ?? 0)),
    0,
  );
}

/** Whether the value can be used as a transform. It is not called to find out. */
export function isMessageTransform(value: unknown): value is MessageTransform {
  return (
    isTransformFunction(value) ||
    tryCall(() => typeof (value as Partial<StreamTransform>).createStream === 'function') === true
  );
}

/** Whether the value is a function that can be called with messages: no class and no synchronous generator. */
export function isTransformFunction(value: unknown): value is MessageFunction | MessageGenerator {
  return typeof value === 'function' && tagOf(value) !== 'GeneratorFunction' && !isClass(value);
}

export function isAsyncGeneratorFunction(value: unknown): value is MessageGenerator {
  return typeof value === 'function' && tagOf(value) === 'AsyncGeneratorFunction';
}

/** Whether the value is a function to be called with `new`: a class, or a function whose instances inherit anything. */
export function isClass(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  if (/^class\b/.test(Function.prototype.toString.call(value))) return true;
  if (tagOf(value) !== 'Function') return false;
  const prototype: unknown = Object.getOwnPropertyDescriptor(value, 'prototype')?.value;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return !isPlainObject(prototype) || Reflect.ownKeys(prototype).some((key) => key !== 'constructor');
}

/** @returns undefined for a Proxy that cannot be read */
function tagOf(value: object): string | undefined {
  return tryCall(() => Object.prototype.toString.call(value).slice(8, -1));
}
