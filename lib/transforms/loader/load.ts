import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { MiniServError, optionError } from '../../util/errors.js';
import { checkNames } from '../../util/option-names.js';
import { isPlainObject } from '../../util/plain-object.js';
import type { MessageTransform } from '../transform.js';
import { BUILT_INS } from './built-ins.js';
import { importModule, readModule, rejectUnusedOptions, toTransform, validate } from './module.js';
import { parseTransformSpec, type TransformSpec } from './spec.js';
import { tryModule } from './try-module.js';

/** Options of {@link loadTransforms}. */
export interface LoadOptions {
  /** Relative paths start here, and packages are looked up from here. Default: the current directory. */
  readonly cwd?: string;
  /** How long a module may take to load, and then again to validate its options. Default: 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Loads transforms as `-t` does: a built-in with options such as `filter=drop:secret`, a package, or a module file
 * such as `./shout.mjs`.
 *
 * @example
 * createRelay({ transforms: await loadTransforms(['./shout.mjs', 'filter=drop:secret']) });
 *
 * @throws {MiniServError} ERR_OPTION if a spec or an option is invalid, or a built-in rejects its options;
 * ERR_TRANSFORM_MODULE if a module is missing, throws, has wrong exports, rejects its options or exceeds the timeout
 */
export async function loadTransforms(
  specs: readonly (string | TransformSpec)[],
  options: LoadOptions = {},
): Promise<MessageTransform[]> {
  checkNames(options, ['cwd', 'timeoutMs']);
  const { cwd = process.cwd(), timeoutMs = 10_000 } = options;
  const transforms: MessageTransform[] = [];
  for (const spec of checkSpecs(specs)) {
    transforms.push(await load(typeof spec === 'string' ? parseTransformSpec(spec) : spec, cwd, timeoutMs));
  }
  return transforms;
}

/** @throws {MiniServError} ERR_OPTION. Without this check, each character of a string would be taken for a spec. */
function checkSpecs(specs: readonly (string | TransformSpec)[]): readonly (string | TransformSpec)[] {
  if (!Array.isArray(specs)) {
    throw optionError('specs', "an array such as ['filter=drop:secret', './shout.mjs']", specs);
  }
  for (const [i, spec] of specs.entries()) {
    const isSpec = typeof spec === 'string' || (isPlainObject(spec) && typeof spec.name === 'string');
    if (!isSpec) throw optionError(`specs[${i}]`, "a string such as 'filter=drop:secret'", spec);
  }
  return specs;
}

async function load(spec: TransformSpec, cwd: string, timeoutMs: number): Promise<MessageTransform> {
  const { name, isFile, options } = spec;
  const builtIn = isFile ? undefined : BUILT_INS.get(name);
  if (builtIn !== undefined) return builtIn(options as never);
  try {
    if (!isFile) checkSeparator(name);
    const url = isFile ? await findFile(name, cwd) : await findPackage(name, cwd);
    const module = readModule(await withTimeout(importModule(url), timeoutMs, 'loading'));
    rejectUnusedOptions(module, options);
    await withTimeout(validate(module, options), timeoutMs, 'validateOptions');
    await tryModule(module, options);
    return toTransform(name, module, options);
  } catch (cause) {
    const message = `cannot use the transform ${name}: ${(cause as Error).message}`;
    throw new MiniServError('ERR_TRANSFORM_MODULE', message, { cause });
  }
}

/** A colon after the name of a built-in is a typing mistake: within options it means the same as `=`. */
function checkSeparator(name: string): void {
  const [builtIn = '', ...options] = name.split(':');
  if (BUILT_INS.has(builtIn) && options.length > 0)
    throw new Error(`expected = between ${builtIn} and its options`);
}

async function findFile(name: string, cwd: string): Promise<string> {
  const path = /^file:/i.test(name) ? fileURLToPath(name) : resolve(cwd, name);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new Error(`no such file: ${path}`);
  if (found.isDirectory()) throw new Error(`${path} is a directory; give the path of a file in it`);
  return pathToFileURL(path).href;
}

// Runs in a process of its own, because import.meta.resolve looks up packages only from its own module.
const RESOLVE_SCRIPT = `
  try { console.log(JSON.stringify({ url: import.meta.resolve(process.argv.at(-1)) })); }
  catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }
`;

/** Finds the package that `import` would find in a module in `cwd`. */
async function findPackage(name: string, cwd: string): Promise<string> {
  // Imported lazily: it takes longer to load than everything else that the command needs to start.
  const { execFile } = await import('node:child_process');
  const evaluate = 'deno' in process.versions ? ['eval'] : ['--input-type=module', '--eval'];
  const args = [...evaluate, RESOLVE_SCRIPT, '--', name];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  const { url, code, message } = JSON.parse(stdout) as { url?: string; code?: string; message: string };
  if (url !== undefined) return url;
  if (code !== 'ERR_MODULE_NOT_FOUND') throw new Error(message.replace(/ imported from .*/s, ''));
  const isFile = await access(resolve(cwd, name)).then(
    () => true,
    () => false,
  );
  if (isFile) throw new Error(`this is a file; write ./${name}`);
  throw new Error(
    `expected a built-in (${[...BUILT_INS.keys()].join(', ')}), a package that is installed in ${cwd}, ` +
      'or the path of a file such as ./shout.mjs',
  );
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
