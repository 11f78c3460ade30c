import { CASES } from '../../lib/conformance/cases/index.js';
import { COMMANDS, type CommandEntry } from '../options/commands.js';
import type { Option } from '../options/option.js';
import { OPTIONS, optionsOf } from '../options/table.js';
import { TRANSFORMS } from '../options/transforms.js';
import type { ValueType } from '../options/value-type.js';

/** The candidates for a value. Words are the only candidates, all others come from the shell. */
export type Completion =
  | { readonly kind: 'none' | 'file' | 'directory' | 'program' | 'transform' }
  /** Words that may be joined by commas if `isList`. */
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean };

/** Returns how the value of an option or of an operand is completed. */
export function completionOf({
  type,
  choices = [],
}: {
  readonly type?: ValueType;
  readonly choices?: readonly string[];
}): Completion {
  switch (type) {
    case 'file':
    case 'directory':
    case 'program':
    case 'transform':
      return { kind: type };
    case 'choice':
      return { kind: 'words', words: choices, isList: false };
    case 'case':
      return { kind: 'words', words: CASES.map(({ name }) => name), isList: true };
    default:
      return { kind: 'none' };
  }
}

/** The forms of an option: `-t` and `--transform`. */
export function formsOf({ name, short }: Option): string[] {
  return [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
}

/** The forms of all options whose value may be the next word, of any command. */
export function formsWithValue(): string[] {
  const options: readonly Option[] = OPTIONS;
  return [...new Set(options.filter(({ type }) => type !== undefined).flatMap(formsOf))];
}

/** The commands with their options. */
export function commandsWithOptions(): { command: CommandEntry; options: readonly Option[] }[] {
  return Object.values(COMMANDS).map((command) => ({ command, options: optionsOf(command.name) }));
}

/** The names of the commands whose first operand ends their options. */
export function wrapperNames(): string[] {
  return Object.values(COMMANDS)
    .filter(({ isWrapper }) => isWrapper === true)
    .map(({ name }) => name);
}

/** The first part of an option's text, which has a place next to a candidate. */
export function shortText({ text }: Option): string {
  return (text.split(/[;:(]/)[0] as string).trim().replaceAll('`', '');
}

/** The built-in transforms as the start of a spec: with `=` if options follow. */
export function transformNames(): string[] {
  return Object.entries(TRANSFORMS).map(([name, options]) => (options.length > 0 ? `${name}=` : name));
}

/** The options of built-in transforms, by the names of the transforms. */
export function transformOptions(): [name: string, options: readonly string[]][] {
  return Object.entries(TRANSFORMS).flatMap(([name, options]) =>
    typeof options === 'string' || options.length === 0 ? [] : [[name, options]],
  );
}
