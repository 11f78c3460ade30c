import { describe, MiniServError, optionError } from '../../util/errors.js';

/**
 * Reads the options of a built-in transform. They come from code, with their proper types, or from `-t`, as text.
 *
 * @throws {MiniServError} ERR_OPTION if an option has an unknown name, and from each method if a value is invalid
 */
export class TransformOptions<Name extends string> {
  readonly #transform: string;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(transform: string, options: object, names: readonly Name[]) {
    this.#transform = transform;
    if (typeof options !== 'object' || options === null) {
      this.#fail(`expected an object with options, got ${describe(options)}`);
    }
    this.#options = options as Record<string, unknown>;
    const known: readonly string[] = names;
    const unknown = Object.keys(options).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const expected = names.length === 0 ? 'this transform has no options' : `expected ${names.join(', ')}`;
    this.#fail(`unknown option '${unknown}'; ${expected}`);
  }

  /** A regular expression. Text is its source, or `/source/flags`. */
  pattern(name: Name): RegExp | undefined {
    const value = this.#options[name];
    if (value === undefined || value instanceof RegExp) return value;
    if (typeof value !== 'string' || value === '') {
      return this.reject(name, 'a regular expression such as secret or /secret/i');
    }
    const [, source = value, flags] = /^\/(.+)\/([a-z]*)$/s.exec(value) ?? [];
    try {
      return new RegExp(source, flags);
    } catch (error) {
      return this.reject(name, `a regular expression (${(error as Error).message})`);
    }
  }

  number(name: Name, min: number): number | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && number >= min && Number.isFinite(number)) return number;
    return this.reject(name, `a number of at least ${min}`);
  }

  /** One of these words. The first one is the default. */
  choice<Choice extends string>(name: Name, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.#options[name];
    if (value === undefined) return choices[0];
    return choices.find((word) => word === value) ?? this.reject(name, choices.join(' or '));
  }

  /**
   * One value or several. Several values in text are separated by commas.
   *
   * @param expected describes a valid item, for the error message
   * @param parse returns undefined for an invalid item
   */
  list<Item>(
    name: Name,
    expected: string,
    parse: (item: unknown) => Item | undefined,
  ): Set<Item> | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const items: unknown[] = Array.isArray(value)
      ? value
      : typeof value === 'string'
        ? value.split(',')
        : [value];
    const parsed = items.map((item) => parse(typeof item === 'string' ? item.trim() : item));
    if (parsed.length === 0 || parsed.includes(undefined)) return this.reject(name, expected);
    return new Set(parsed as Item[]);
  }

  reject(name: Name, expected: string): never {
    const value = this.#options[name];
    if (value === undefined) this.#fail(`the option '${name}' is missing; expected ${expected}`);
    throw optionError(`transform ${this.#transform}: ${name}`, expected, value);
  }

  #fail(message: string): never {
    throw new MiniServError('ERR_OPTION', `transform ${this.#transform}: ${message}`);
  }
}
