import type { Retention } from '../../lib/room/options.js';
import { parseTransformSpec, type TransformSpec } from '../../lib/transforms/loader/spec.js';
import { parseDuration } from '../../lib/util/duration.js';
import { parseSize } from '../../lib/util/size.js';
import { durationOf, type Range, retentionOf, sizeOf } from './amounts.js';
import type { Option } from './option.js';
import { parsePastTime } from './past-time.js';
import { didYouMean } from './suggest.js';
import type { OptionEntry } from './table.js';
import { unexpected } from './usage-error.js';
import type { ValueType } from './value-type.js';

/** The results of the parsers of values, by the type of the value. */
interface Parsed {
  readonly file: string;
  readonly directory: string;
  readonly url: string;
  readonly port: string;
  readonly size: number;
  /** In milliseconds. */
  readonly duration: number;
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly retention: Retention;
  readonly count: number;
  readonly choice: string;
  readonly transform: TransformSpec;
  readonly case: string;
  readonly program: string;
}

type ValueOf<E> = E extends { choices: readonly (infer C)[] }
  ? C
  : E extends { type: infer T extends ValueType }
    ? Parsed[T]
    : boolean;

type EntryOf<C> = OptionEntry extends infer E
  ? E extends { commands: readonly (infer N)[] }
    ? C extends N
      ? E
      : never
    : never
  : never;

/** The values of the options of a command. A flag that is not given is false. */
export type Values<C> = {
  readonly [E in EntryOf<C> as E['name']]: E extends { repeatable: true }
    ? readonly ValueOf<E>[]
    : E extends { default: string }
      ? ValueOf<E>
      : E extends { type: ValueType }
        ? ValueOf<E> | undefined
        : boolean;
};

type ValueOption = Option & { readonly type: ValueType };

const EXPECTED_TEXT: Partial<Record<ValueType, string>> = {
  file: 'the path of a file',
  directory: 'the path of a directory',
  url: 'a URL such as nats://host:4222/lobby',
};

type Parser<Value> = (text: string, option: ValueOption, name: string) => Value;

const PARSERS: { readonly [T in ValueType]: Parser<Parsed[T]> } = {
  file: parseText,
  directory: parseText,
  url: parseText,
  port: parseText,
  case: parseText,
  program: parseText,
  size: (text, option, name) => sizeOf(name, text, rangeOf(option, parseSize)),
  duration: (text, option, name) => durationOf(name, text, rangeOf(option, parseDuration)),
  count: parseCount,
  time(text, _option, name) {
    const time = parsePastTime(text, Date.now());
    if (time === undefined) throw unexpected(name, 'a time such as 10:00 or 1h', text);
    return time;
  },
  choice(text, { choices = [] }, name) {
    if (choices.includes(text)) return text;
    throw unexpected(name, joinWords(choices, 'or'), text, didYouMean(text, choices));
  },
  transform: (text) => parseTransformSpec(text),
  retention: (text, _option, name) => retentionOf(name, text),
};

/**
 * Parses the value of an option by the option's type.
 *
 * @param name the option as the user wrote it, for messages
 * @throws {UsageError}
 */
export function parseValue(text: string, option: ValueOption, name: string): unknown {
  return PARSERS[option.type](text, option, name);
}

/** Joins words for a sentence: `wire, text or json`. */
export function joinWords(words: readonly string[], conjunction: 'and' | 'or'): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}

function parseText(text: string, { type }: ValueOption, name: string): string {
  const expected = EXPECTED_TEXT[type];
  if (text === '' && expected !== undefined) throw unexpected(name, expected, text);
  return text;
}

function parseCount(text: string, { min, max }: Option, name: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= Number(min) && count <= Number(max)) return count;
  throw unexpected(name, `a number from ${min} to ${max}`, text);
}

/** Returns the limits of an option. The table has them for all sizes and durations. */
function rangeOf(
  { min = '', max = '', example = '' }: Option,
  parse: (text: string) => number | undefined,
): Range {
  return { min: parse(min) as number, max: parse(max) as number, example };
}
