import { isAsyncGeneratorFunction, isObjectDuplex, type TransformFactory } from '../factory.js';
import type { MessageFunction } from '../from-function.js';

/** How to tell what a module has to export, in one breath. */
const WANTED =
  'options => client => stream, message => message, or async function* (messages), as its default export';
const MESSAGE_KEYS = ['kind', 'client', 'text'];
/** Whom a factory is tried with, before there are clients. */
const NOBODY = { id: -1 };

/**
 * What a module exports, as a factory. Which of the forms it has is found by trying it, before there are clients:
 *
 * 1. An async generator function is the transform.
 * 2. Any other function is called with the options. What gives a function is a maker: go on with that function.
 *    What gives its argument back, or a message, an array of them or null, is itself a function of a message.
 * 3. The maker's function, if it is no async generator function, is called with `{ id: -1 }`. What gives an
 *    object-mode stream (which is destroyed) or a function is a factory. Else as in 2.
 *
 * @throws {Error} saying what it gave, what was wanted and what to do
 */
export async function toFactory(exported: unknown, options: object): Promise<TransformFactory> {
  if (typeof exported !== 'function') throw wrong(`its default export is ${described(exported)}`);
  if (isClass(exported)) throw wrong('its default export is a class', 'export options => client => new …');
  const bare = Object.keys(options).length === 0;
  const none = 'it takes no options: to take some, it must export options => … and give a function';
  if (isAsyncGeneratorFunction(exported)) {
    if (!bare) throw new Error(none);
    return exported;
  }
  const argument = { ...options };
  const given = await attempt(() => (exported as (options: object) => unknown)(argument), 'its options');
  if (typeof given === 'function') return await checkFactory(given as (argument: object) => unknown);
  if (isAnswer(given, argument)) {
    if (!bare) throw new Error(none);
    return () => exported as MessageFunction;
  }
  if (isStream(given)) {
    discard(given);
    throw wrong('it gave one stream for all clients', 'export options => client => stream');
  }
  throw wrong(`called with its options, it gave ${described(given)}`);
}

async function checkFactory(made: (argument: object) => unknown): Promise<TransformFactory> {
  if (isAsyncGeneratorFunction(made)) return made;
  if (isClass(made)) throw wrong('it gave a class', 'export options => client => new …');
  const argument = { ...NOBODY };
  let synchronous: unknown;
  const given = await attempt(() => {
    synchronous = made(argument);
    return synchronous;
  }, 'a client');
  if (isStream(given)) {
    discard(given);
    if (given !== synchronous)
      throw wrong('for a client it gave the promise of a stream', 'do not wait there');
    if (isObjectDuplex(given)) return made as TransformFactory;
    throw wrong('for a client it gave a stream that is no object-mode Duplex', 'set objectMode: true');
  }
  if (typeof given === 'function' && given === synchronous && !isClass(given))
    return made as TransformFactory;
  if (isAnswer(given, argument)) return () => made as MessageFunction;
  throw wrong(`for a client it gave ${described(given)}`);
}

async function attempt(call: () => unknown, what: string): Promise<unknown> {
  try {
    return await call();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hint =
      cause instanceof TypeError
        ? ' (a function of a message must pass on what is no line: if (message.kind !== "line") return message)'
        : '';
    throw new Error(`it refused ${what}: ${reason}${hint}`, { cause });
  }
}

/** Whether a function of a message may have given this: it passes on what it was given that is no message. */
function isAnswer(value: unknown, argument: object): boolean {
  if (value === null || value === argument) return true;
  if (Array.isArray(value)) return value.every((item) => item !== null && isAnswer(item, argument));
  if (typeof value !== 'object' || isStream(value)) return false;
  return Object.keys(value).every((key) => MESSAGE_KEYS.includes(key) || key in argument);
}

function isStream(value: unknown): value is NodeJS.WritableStream {
  return typeof (value as { pipe?: unknown } | null | undefined)?.pipe === 'function';
}

function discard(stream: NodeJS.WritableStream & { destroy?: () => void }): void {
  stream.on('error', () => {});
  stream.destroy?.();
}

function isClass(value: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function described(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value === 'object') return Object.prototype.toString.call(value).slice(8, -1).toLowerCase();
  return `${typeof value} (${String(value).slice(0, 40)})`;
}

function wrong(what: string, fix = `wanted is ${WANTED}`): Error {
  return new Error(`${what}: ${fix}`);
}
