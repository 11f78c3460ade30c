import { MiniServError } from '../../util/errors.js';

/** A parsed `-t` argument: a transform and its options. */
export interface TransformSpec {
  /** The argument as it was given. */
  readonly text: string;
  /** Name of a built-in, name of a package, or path of a file. */
  readonly name: string;
  /** Whether the name is a path or a `file:` URL. */
  readonly isFile: boolean;
  /** Text values if they were given as `key=value`, any JSON value if given as JSON. Empty without options. */
  readonly options: Readonly<Record<string, unknown>>;
}

// A path always looks like one, so that a file in the current directory cannot replace a built-in.
const FILE = /^(?:\.{0,2}[\\/]|[a-z]:[\\/]|file:)/i;
/** The extension ends the path of a module; before it, the path can contain `=`. */
const EXTENSION = /\.[cm]?[jt]s(?==|$)/i;
/** A built-in or a module whose options begin with a colon, as each value may. */
const COLON = /^([a-z][a-z-]*|.*\.[cm]?[jt]s):(?=[a-z_$])/i;
const KEY = /^([a-z_$][\w$-]*)[=:]/i;
/** A comma starts the next option only if a key and its `=` or `:` follow. */
const NEXT_OPTION = /,(?=[a-z_$][\w$-]*[=:])/i;

/**
 * Parses a transform spec:
 *
 * ```
 * spec     name | name=options
 * name     built-in | package | path | file: URL | any of them in quotes
 * options  a JSON object | key=value,key=value   (key:value is the same)
 * value    text | "text" | 'text'
 * ```
 *
 * The options of `exec` are a shell command instead: everything after the first `=`, as it is.
 *
 * A path begins with `./`, `../`, `/` or a drive letter, and ends with its extension (.js, .mjs, .cjs, .ts, …). All
 * other names, and paths without an extension, end at the first `=`. In quotes, a backslash escapes a quote or a
 * backslash. Without quotes, a value ends at the next `,key=` or at the end.
 *
 * @example
 * parseTransformSpec('filter=drop:secret'); // { name: 'filter', options: { drop: 'secret' }, … }
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function parseTransformSpec(text: string): TransformSpec {
  const [name, rest] = splitName(text);
  if (name === '') throw invalid(text, 'expected name or name=options');
  if (name.startsWith('exec:')) throw invalid(text, 'expected = before the command: exec=command');
  if (name === 'exec') return { text, name, isFile: false, options: rest === '' ? {} : { command: rest } };
  return { text, name, isFile: FILE.test(name), options: parseOptions(text, rest) };
}

function splitName(text: string): [name: string, options: string] {
  const quoted = readQuoted(text, text);
  if (quoted !== undefined) {
    if (quoted.rest !== '' && !quoted.rest.startsWith('=')) {
      throw invalid(text, `expected = after the name in quotes, got '${quoted.rest}'`);
    }
    return [quoted.value, quoted.rest.slice(1)];
  }
  const extension = FILE.test(text) ? EXTENSION.exec(text) : null;
  const end = extension === null ? text.indexOf('=') : extension.index + extension[0].length;
  return end === -1 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)];
}

function parseOptions(text: string, source: string): Record<string, unknown> {
  if (source === '') return {};
  return source.startsWith('{') ? parseJson(text, source) : parsePairs(text, source);
}

function parseJson(text: string, source: string): Record<string, unknown> {
  try {
    return JSON.parse(source, (key, value: unknown) => {
      // Copying such options key by key would change the prototype of the copy.
      if (key === '__proto__') throw new Error("the option name '__proto__' is not allowed");
      return value;
    }) as Record<string, unknown>;
  } catch (cause) {
    throw invalid(text, `expected a JSON object after =: ${(cause as Error).message}`, cause);
  }
}

function parsePairs(text: string, source: string): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (let rest: string | undefined = source; rest !== undefined; ) {
    const [start, key = ''] = KEY.exec(rest) ?? [];
    if (start === undefined) {
      const [head, name] = COLON.exec(text) ?? [];
      if (head !== undefined) {
        throw invalid(text, `expected = before the options: ${name}=${text.slice(head.length)}`);
      }
      throw invalid(text, `expected options as key=value,key=value or as a JSON object, got '${rest}'`);
    }
    if (key === '__proto__') throw invalid(text, "the option name '__proto__' is not allowed");
    if (Object.hasOwn(options, key)) throw invalid(text, `the option '${key}' is given twice`);
    [options[key], rest] = readValue(text, rest.slice(start.length));
  }
  return options;
}

function readValue(text: string, source: string): [value: string, rest: string | undefined] {
  const quoted = readQuoted(text, source);
  if (quoted === undefined) {
    const end = NEXT_OPTION.exec(source)?.index;
    return end === undefined ? [source, undefined] : [source.slice(0, end), source.slice(end + 1)];
  }
  if (quoted.rest === '') return [quoted.value, undefined];
  if (quoted.rest.startsWith(',')) return [quoted.value, quoted.rest.slice(1)];
  throw invalid(text, `expected a comma after the value in quotes, got '${quoted.rest}'`);
}

/** @returns undefined if the source does not start with a quote */
function readQuoted(text: string, source: string): { value: string; rest: string } | undefined {
  const quote = source[0];
  if (quote !== '"' && quote !== "'") return undefined;
  const [all, inner] = (quote === '"' ? /^"((?:[^"\\]|\\.)*)"/s : /^'((?:[^'\\]|\\.)*)'/s).exec(source) ?? [];
  if (all === undefined || inner === undefined) throw invalid(text, `the closing ${quote} is missing`);
  return { value: inner.replace(/\\(["'\\])/g, '$1'), rest: source.slice(all.length) };
}

function invalid(text: string, message: string, cause?: unknown): MiniServError {
  return new MiniServError('ERR_OPTION', `invalid transform '${text}': ${message}`, { cause });
}
