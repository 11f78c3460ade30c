import type { Duplex } from 'node:stream';
import { describe } from '../util/errors.js';
import { authorMethods } from '../util/stream-methods.js';
import { isError } from '../util/to-error.js';

/** A Duplex of any origin: `node:stream`, a version of readable-stream, streamx or a program's own class. */
export type ForeignDuplex = Duplex & {
  /** The state of a readable-stream older than the properties that tell it today. */
  readonly _readableState?: { readonly encoding?: string | null; readonly endEmitted?: boolean };
  readonly _writableState?: { readonly finished?: boolean };
  /** Exists in streamx, whose `write` takes no callback. */
  readonly _duplexState?: number;
};

/** Stands for an error that is undefined or null. */
export const NO_REASON = 'no reason was given';

/**
 * Calls a method of a foreign stream.
 *
 * @param onFailure called if the method throws or rejects
 * @returns the result; undefined if the call failed or returned a promise
 */
export function contain<T>(call: () => T, onFailure: (error: unknown) => void): T | undefined {
  try {
    const result = call();
    if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') return result;
    (result as PromiseLike<unknown>).then(undefined, onFailure);
  } catch (error) {
    onFailure(error ?? NO_REASON);
  }
  return undefined;
}

/** Replaces a method of a stream by one that never throws. `onCalled` gets its first argument. */
export function guardMethod(
  stream: ForeignDuplex,
  name: 'read' | 'resume' | 'destroy' | 'emit',
  onFailure: (error: unknown) => void,
  onCalled: (argument: unknown) => void = () => {},
): void {
  const method = stream[name] as (...args: unknown[]) => unknown;
  const value = function (this: Duplex, ...args: unknown[]): unknown {
    const result = contain(() => method.apply(this, args), onFailure);
    onCalled(args[0]);
    return result ?? (name === 'read' ? null : this);
  };
  Reflect.defineProperty(stream, name, { value, writable: true, configurable: true });
}

/** Calls `onFailure` when an async function rejects that stands in the place of a method with a callback. */
export function guardPromises(stream: ForeignDuplex, onFailure: (error: unknown) => void): void {
  const methods = stream as unknown as Record<string, unknown>;
  for (const name of authorMethods(stream)) {
    const method = methods[name];
    if (typeof method !== 'function') continue;
    const value = function (this: Duplex, ...args: unknown[]): unknown {
      const result: unknown = method.apply(this, args);
      if (result instanceof Promise) result.catch(onFailure);
      return result;
    };
    Reflect.defineProperty(stream, name, { value, writable: true, configurable: true });
  }
}

/** Whether a stream that decodes its bytes to text in this encoding loses none of them. */
export function isLossless(encoding: string): boolean {
  return /^(latin1|binary)$/i.test(encoding);
}

/** The encoding in which a stream emits text; null if it emits bytes. */
function encodingOf(stream: ForeignDuplex): string | null {
  return stream.readableEncoding ?? stream._readableState?.encoding ?? null;
}

/**
 * Returns a chunk as bytes. Text of a stream without an encoding becomes UTF-8, as in Node.
 *
 * @throws if the chunk is not made of bytes, or was decoded so that its bytes cannot be restored
 */
export function toBytes(chunk: unknown, stream: ForeignDuplex): Buffer {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (ArrayBuffer.isView(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (typeof chunk !== 'string')
    throw new TypeError(`the stream emitted ${describe(chunk)} instead of bytes`);
  const encoding = encodingOf(stream);
  if (encoding === null) return Buffer.from(chunk);
  if (isLossless(encoding)) return Buffer.from(chunk, 'latin1');
  throw new TypeError(`the stream decodes its bytes as ${encoding}; do not call its setEncoding()`);
}

/** Returns what a stream emitted or threw as an Error. */
export function toStreamError(reason: unknown): Error {
  return isError(reason) ? reason : new Error(`the stream failed: ${describe(reason)}`);
}
