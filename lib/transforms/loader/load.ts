import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { MiniServError } from '../../util/errors.js';
import { type ClientInfo, isAsyncGeneratorFunction, type TransformFactory } from '../factory.js';
import { named } from '../transform-name.js';
import { BUILT_INS } from './built-ins.js';
import { toFactory } from './module.js';
import { parseTransformSpec, type TransformSpec } from './spec.js';

export interface LoadOptions {
  /** Where relative paths begin, and from where packages are looked for. Default: the current directory. */
  readonly cwd?: string;
  /** How long a module may take to load and to answer, in ms. Default: 10,000. */
  readonly timeout?: number;
}

/**
 * Makes the transforms that specs such as `filter=drop:secret` and `./shout.mjs` ask for, as `-t` does.
 *
 * @example
 * createRelay({ transforms: await loadTransforms(['./shout.mjs', 'filter=drop:secret']) });
 *
 * @throws {MiniServError} ERR_OPTION if a spec cannot be read or a built-in refuses its options;
 * ERR_TRANSFORM_MODULE if a module is missing, throws, exports something else or refuses its options
 */
export async function loadTransforms(
  specs: readonly (string | TransformSpec)[],
  options: LoadOptions = {},
): Promise<TransformFactory[]> {
  const { cwd = process.cwd(), timeout: patience = 10_000 } = options;
  const factories: TransformFactory[] = [];
  for (const spec of specs) {
    const parsed = typeof spec === 'string' ? parseTransformSpec(spec) : spec;
    factories.push(await soon(load(parsed, cwd), patience, parsed.name));
  }
  return factories;
}

async function load({ name, file, options }: TransformSpec, cwd: string): Promise<TransformFactory> {
  try {
    const maker = file ? undefined : BUILT_INS.get(name);
    if (maker !== undefined) return maker(options as never);
    const url = file ? await findFile(name, cwd) : await findPackage(name, cwd);
    const factory = await toFactory(await importDefault(url), options);
    // Wrapped, so that the name is not given to a function that is somebody else's.
    const wrapped = isAsyncGeneratorFunction(factory)
      ? () => factory
      : (client: ClientInfo) => (factory as (client: ClientInfo) => ReturnType<TransformFactory>)(client);
    return named(name, wrapped);
  } catch (error) {
    if (error instanceof MiniServError) throw error;
    throw broken(name, (error as Error).message, error);
  }
}

async function findFile(name: string, cwd: string): Promise<string> {
  const path = /^file:/i.test(name) ? fileURLToPath(name) : resolve(cwd, name);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new Error(`there is no file ${path}`);
  if (found.isDirectory()) throw new Error(`${path} is a directory: name the file in it`);
  return pathToFileURL(path).href;
}

// Only at the place where it is written does import.meta.resolve look for packages; so it is written there.
const RESOLVE = `
  try { console.log(JSON.stringify({ url: import.meta.resolve(process.argv[1]) })); }
  catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }
`;

/** The package as `import` would find it in a module that stands in `cwd`. */
async function findPackage(name: string, cwd: string): Promise<string> {
  // Loaded where it is needed: it takes longer than all the rest of what the command needs to begin.
  const { execFile } = await import('node:child_process');
  const args = ['--input-type=module', '--eval', RESOLVE, '--', name];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  const { url, code, message } = JSON.parse(stdout) as { url?: string; code?: string; message: string };
  if (url !== undefined) return url;
  if (code !== 'ERR_MODULE_NOT_FOUND') throw new Error(message.replace(/ imported from .*/s, ''));
  const isFile = await access(resolve(cwd, name)).then(
    () => true,
    () => false,
  );
  if (isFile) throw new Error(`it is a file: write ./${name}`);
  throw new Error(
    `it is no built-in (${[...BUILT_INS.keys()].join(', ')}), and no package that is installed in ${cwd}; ` +
      'a file is named by its path, such as ./shout.mjs',
  );
}

async function importDefault(url: string): Promise<unknown> {
  let module: { default?: unknown };
  try {
    module = (await import(url)) as { default?: unknown };
  } catch (cause) {
    throw new Error(`it cannot be loaded: ${reasonOf(cause, url)}`, { cause });
  }
  const exported = module.default as { __esModule?: boolean; default?: unknown } | undefined;
  // A CommonJS module compiled from an ES module.
  if (typeof exported === 'object' && exported?.__esModule === true) return exported.default;
  if (exported === undefined) {
    const names = Object.keys(module).filter((name) => name !== 'default');
    const others = names.length === 0 ? '' : ` (only ${names.join(', ')})`;
    throw new Error(`it has no default export${others}: write export default before its function`);
  }
  return exported;
}

function reasonOf(cause: unknown, url: string): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') return `${cause.message}; compile it to JavaScript first`;
  // Where it stands is not in the error.
  if (cause instanceof SyntaxError && url.startsWith('file:')) {
    return `${cause.message}; where, this says: node --check ${fileURLToPath(url)}`;
  }
  return cause.message;
}

function broken(name: string, message: string, cause?: unknown): MiniServError {
  return new MiniServError('ERR_TRANSFORM_MODULE', `cannot use the transform ${name}: ${message}`, { cause });
}

async function soon<T>(promise: Promise<T>, patience: number, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(broken(name, `it took more than ${patience} ms to load`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
