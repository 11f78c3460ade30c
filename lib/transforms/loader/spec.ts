import { MiniServError } from '../../util/errors.js';

/** What `-t` was given, taken apart: which transform, and with which options. */
export interface TransformSpec {
  /** As it was written; errors name it. */
  readonly text: string;
  /** A built-in's name, a package, or a file. */
  readonly name: string;
  /** Whether the name is that of a file: a path or a `file:` URL. */
  readonly file: boolean;
  /** Text, where written as `key=value`; whatever JSON has, where written as JSON. Empty if there are none. */
  readonly options: Readonly<Record<string, unknown>>;
}

// A path says that it is one, so that a file in the current directory can never stand in for a built-in.
const FILE = /^(?:\.{0,2}[\\/]|[a-z]:[\\/]|file:)/i;
/** How the name of a module's file ends: what comes before it may well hold a `=`. */
const EXTENSION = /\.[cm]?[jt]s(?==|$)/i;
const KEY = /^([a-z_$][\w$-]*)[=:]/i;
/** A comma begins a new option only where a name and its `=` or `:` follow. */
const NEXT = /,(?=[a-z_$][\w$-]*[=:])/i;

/**
 * Takes a spec apart:
 *
 * ```
 * spec     name | name=options
 * name     built-in | package | path | file: URL | any of them in quotes
 * options  a JSON object | key=value,key=value   (key:value is the same)
 * value    text | "text" | 'text'
 * ```
 *
 * A path begins with `./`, `../`, `/` or a drive letter, and ends at its extension (.js, .mjs, .cjs, .ts, …);
 * without one, and for all other names, the first `=` ends the name. In quotes, a backslash stands before a
 * quote or a backslash of the text. Outside of quotes a value goes on to the next `,key=` or to the end.
 *
 * @example
 * parseTransformSpec('filter=drop:secret'); // { name: 'filter', options: { drop: 'secret' }, … }
 *
 * @throws {MiniServError} ERR_OPTION
 */
export function parseTransformSpec(text: string): TransformSpec {
  const [name, rest] = splitName(text);
  if (name === '') throw wrong(text, 'it names no transform; wanted is name or name=options');
  return { text, name, file: FILE.test(name), options: parseOptions(text, rest) };
}

function splitName(text: string): [name: string, options: string] {
  const quoted = readQuoted(text);
  if (quoted !== undefined) {
    if (quoted.rest !== '' && !quoted.rest.startsWith('=')) {
      throw wrong(text, `after the name in quotes, = was expected, not '${quoted.rest}'`);
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
      // Whoever copies the options key by key would change the prototype of something.
      if (key === '__proto__') throw new Error("'__proto__' is no name for an option");
      return value;
    }) as Record<string, unknown>;
  } catch (cause) {
    throw wrong(text, `its options begin with { and are no JSON: ${(cause as Error).message}`, cause);
  }
}

function parsePairs(text: string, source: string): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (let rest: string | undefined = source; rest !== undefined; ) {
    const [start, key = ''] = KEY.exec(rest) ?? [];
    if (start === undefined) {
      throw wrong(text, `its options must be key=value,key=value or a JSON object, not '${rest}'`);
    }
    if (key === '__proto__') throw wrong(text, "'__proto__' is no name for an option");
    if (Object.hasOwn(options, key)) throw wrong(text, `its option '${key}' is given twice`);
    [options[key], rest] = readValue(text, rest.slice(start.length));
  }
  return options;
}

function readValue(text: string, source: string): [value: string, rest: string | undefined] {
  const quoted = readQuoted(source);
  if (quoted === undefined) {
    const end = NEXT.exec(source)?.index;
    return end === undefined ? [source, undefined] : [source.slice(0, end), source.slice(end + 1)];
  }
  if (quoted.rest === '') return [quoted.value, undefined];
  if (quoted.rest.startsWith(',')) return [quoted.value, quoted.rest.slice(1)];
  throw wrong(text, `after a value in quotes, a comma was expected, not '${quoted.rest}'`);
}

/** @returns undefined if it does not begin with a quote */
function readQuoted(source: string): { value: string; rest: string } | undefined {
  const quote = source[0];
  if (quote !== '"' && quote !== "'") return undefined;
  const [all, inner] = (quote === '"' ? /^"((?:[^"\\]|\\.)*)"/s : /^'((?:[^'\\]|\\.)*)'/s).exec(source) ?? [];
  if (all === undefined || inner === undefined) throw wrong(source, `its ${quote} is never closed`);
  return { value: inner.replace(/\\(["'\\])/g, '$1'), rest: source.slice(all.length) };
}

function wrong(text: string, message: string, cause?: unknown): MiniServError {
  return new MiniServError('ERR_OPTION', `cannot read the transform ${text}: ${message}`, { cause });
}
