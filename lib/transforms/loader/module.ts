import { fileURLToPath } from 'node:url';
import { describe } from '../../util/errors.js';
import { toError } from '../../util/to-error.js';
import { tryCall } from '../../util/try-call.js';
import { fromFunction } from '../from-function.js';
import { fromGenerator } from '../from-generator.js';
import {
  isAsyncGeneratorFunction,
  isClass,
  isTransformFunction,
  type MessageFunction,
  type MessageGenerator,
  type MessageTransform,
  type StreamTransform,
} from '../transform.js';
import { mayUseArgument } from './parameters.js';

type WithOptions<Function extends (...args: never[]) => unknown> = (
  ...args: [...Parameters<Function>, options: object]
) => ReturnType<Function>;

/** The exports of a module, checked. Exactly one of `transform` and `createStream` is defined. */
export interface TransformModule {
  readonly transform: WithOptions<MessageFunction> | WithOptions<MessageGenerator> | undefined;
  readonly createStream: WithOptions<StreamTransform['createStream']> | undefined;
  readonly validateOptions: ((options: object) => unknown) | undefined;
}

const FUNCTION_EXAMPLE = 'export default (message, client, options) => message';
const GENERATOR_EXAMPLE = 'export default async function* (messages, client, options) { yield* messages; }';
const STREAM_EXAMPLE =
  'export const createStream = (client, options) => new Transform({ objectMode: true, transform })';
const VALIDATE_EXAMPLE =
  "export const validateOptions = (options) => { if (!options.level) throw new Error('level is missing'); }";

/** @throws {Error} with the reason, if the module cannot be loaded */
export async function importModule(url: string): Promise<object> {
  try {
    return (await import(/* webpackIgnore: true */ url)) as object;
  } catch (cause) {
    throw new Error(`failed to load: ${explainImportError(cause, url)}`, { cause });
  }
}

/**
 * Reads the exports of a module, without calling any of them.
 *
 * @throws {Error} if they do not follow the contract, with what was found, what is expected and an example
 */
export function readModule(namespace: object): TransformModule {
  const { default: main, createStream, validateOptions } = exportsOf(namespace);
  if (validateOptions !== undefined && typeof validateOptions !== 'function') {
    throw wrong(`validateOptions is ${describe(validateOptions)}`, 'a function', VALIDATE_EXAMPLE);
  }
  const checked = { validateOptions: validateOptions as TransformModule['validateOptions'] };
  if (createStream !== undefined) {
    if (main !== undefined)
      throw new Error('exports both createStream and a default export; export one of them');
    if (typeof createStream === 'function') {
      return { ...checked, transform: undefined, createStream: createStream as never };
    }
    throw wrong(`createStream is ${describe(createStream)}`, 'a function', STREAM_EXAMPLE);
  }
  if (isTransformFunction(main)) return { ...checked, transform: main as never, createStream: undefined };
  throw explainDefault(main, namespace);
}

/**
 * Rejects options for a module that reads none: without `validateOptions`, and without a parameter for options.
 *
 * @throws {Error}
 */
export function rejectUnusedOptions(module: TransformModule, options: object): void {
  const { transform, createStream, validateOptions } = module;
  const [name] = Object.keys(options);
  if (name === undefined || validateOptions !== undefined) return;
  const usesOptions =
    createStream === undefined
      ? mayUseArgument(transform as (...args: never[]) => unknown, 3)
      : mayUseArgument(createStream, 2);
  if (usesOptions) return;
  throw new Error(
    `unknown option '${name}'; this transform has no options, because its function has no parameter for them`,
  );
}

/**
 * Runs the module's own check of its options.
 *
 * @throws {Error} if the module rejects them
 */
export async function validate({ validateOptions }: TransformModule, options: object): Promise<void> {
  let result: unknown;
  try {
    result = await validateOptions?.(options);
  } catch (cause) {
    throw new Error(`invalid options: ${toError(cause).message}`, { cause });
  }
  // A validator that returns false, or parsed options, would otherwise be ignored without notice.
  if (result !== undefined) {
    throw new Error(
      `validateOptions returned ${describe(result)}; it must return nothing to accept the options, and throw to reject them`,
    );
  }
}

/** The transform of a module, which gets these options with each call. */
export function toTransform(name: string, module: TransformModule, options: object): MessageTransform {
  const { transform, createStream } = module;
  if (createStream !== undefined) return { name, createStream: (client) => createStream(client, options) };
  if (isAsyncGeneratorFunction(transform)) {
    const generator = transform as WithOptions<MessageGenerator>;
    return {
      name,
      createStream: (info) => fromGenerator((messages, client) => generator(messages, client, options), info),
    };
  }
  const main = transform as WithOptions<MessageFunction>;
  return {
    name,
    createStream: (info) => fromFunction((message, client) => main(message, client, options), info),
  };
}

/** Finds the exports of CommonJS too: `import()` gives `module.exports` as the default, and not all names in it. */
function exportsOf(namespace: object): Record<string, unknown> {
  const names = namespace as Record<string, unknown>;
  const main = (names.default ?? {}) as Record<string, unknown>;
  if (typeof names.default === 'function') return { validateOptions: main.validateOptions, ...names };
  return tryCall(() => main.__esModule === true || main.createStream !== undefined) ? main : names;
}

function explainDefault(main: unknown, namespace: object): Error {
  if (main === undefined) {
    const names = Object.keys(namespace).filter((name) => name !== 'default');
    const found = names.length === 0 ? 'nothing' : `only ${names.join(', ')}`;
    return wrong(`exports ${found}`, 'a default export', FUNCTION_EXAMPLE);
  }
  const found = `the default export is ${describe(main)}`;
  if (isClass(main)) return wrong(found, 'a named export that makes a stream', STREAM_EXAMPLE);
  if (typeof main === 'function') return wrong(found, 'an async generator function', GENERATOR_EXAMPLE);
  if (tryCall(() => typeof (main as { pipe?: unknown }).pipe === 'function')) {
    const one = 'the default export is one stream for all clients';
    return wrong(one, 'a named export that makes a stream for each client', STREAM_EXAMPLE);
  }
  return wrong(found, 'a function', FUNCTION_EXAMPLE);
}

function wrong(found: string, expected: string, example: string): Error {
  return new Error(`${found}; expected ${expected}, for example: ${example}`);
}

function explainImportError(cause: unknown, url: string): string {
  if (!(cause instanceof Error)) return toError(cause).message;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return `${cause.message}; compile it to JavaScript first`;
  // The position is not part of the error.
  if (cause instanceof SyntaxError && url.startsWith('file:')) {
    return `${cause.message}; to find the line, run: node --check ${fileURLToPath(url)}`;
  }
  return cause.message;
}
