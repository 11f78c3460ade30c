import { MiniServError } from '../../util/errors.js';

/**
 * The options of a built-in transform, read one by one. They may come from a program, with their proper types,
 * or from a shell, as text.
 *
 * @throws {MiniServError} ERR_OPTION, if there are options of other names; as do its methods for wrong values
 */
export class TransformOptions<Name extends string> {
  readonly #transform: string;
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(transform: string, options: object, names: readonly Name[]) {
    this.#transform = transform;
    this.#options = options as Record<string, unknown>;
    if (typeof options !== 'object' || options === null) this.#refuse('its options must be an object');
    const known: readonly string[] = names;
    const unknown = Object.keys(options).find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const list = names.length === 0 ? 'none' : `only ${names.join(', ')}`;
    this.#refuse(`there is no option '${unknown}', ${list}`);
  }

  get(name: Name): unknown {
    return this.#options[name];
  }

  /** A regular expression; as text it is its source, or `/source/flags`. */
  pattern(name: Name): RegExp | undefined {
    const value = this.#options[name];
    if (value === undefined || value instanceof RegExp) return value;
    if (typeof value !== 'string' || value === '') {
      return this.refuse(name, 'a regular expression, such as secret or /secret/i');
    }
    const [, source = value, flags] = /^\/(.+)\/([a-z]*)$/s.exec(value) ?? [];
    try {
      return new RegExp(source, flags);
    } catch (error) {
      return this.refuse(name, `a regular expression (${(error as Error).message})`);
    }
  }

  number(name: Name, least: number): number | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && number >= least && Number.isFinite(number)) return number;
    return this.refuse(name, `a number from ${least}`);
  }

  /** One of these words; the first if none is given. */
  choice<Choice extends string>(name: Name, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.#options[name];
    if (value === undefined) return choices[0];
    const choice = choices.find((word) => word === value);
    return choice ?? this.refuse(name, choices.join(' or '));
  }

  /** One value or several of them; as text with commas between. */
  list<Item>(name: Name, what: string, read: (item: unknown) => Item | undefined): Set<Item> | undefined {
    const value = this.#options[name];
    if (value === undefined) return undefined;
    const items = (Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [value]).map(
      (item: unknown) => read(typeof item === 'string' ? item.trim() : item),
    );
    if (items.length === 0 || items.includes(undefined)) return this.refuse(name, what);
    return new Set(items as Item[]);
  }

  refuse(name: Name, wanted: string): never {
    const value = this.#options[name];
    const is = value === undefined ? 'is not given' : `is ${shown(value)}`;
    this.#refuse(`${name} must be ${wanted}, and ${is}`);
  }

  #refuse(message: string): never {
    throw new MiniServError('ERR_OPTION', `the transform ${this.#transform}: ${message}`);
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? (JSON.stringify(value) ?? 'an object') : String(value);
}
