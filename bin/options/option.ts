import type { CommandName } from './commands.js';
import type { ValueType } from './value-type.js';

/** The titles under which the help text groups options, in this order. */
export const GROUPS = ['Options', 'Shared rooms', 'Common options'] as const;

/**
 * An option of the command line. Two options may have the same name if they belong to different commands; both have a
 * value then, or neither has.
 */
export interface Option {
  /** The long name, without its dashes. */
  readonly name: string;
  /** A name of one letter. */
  readonly short?: string;
  /** The commands that have the option. */
  readonly commands: readonly CommandName[];
  readonly group: (typeof GROUPS)[number];
  /** The type of the value. An option without a type is a flag. */
  readonly type?: ValueType;
  /** The placeholder of the value in texts for people. */
  readonly value?: string;
  /** The values of a `choice`. */
  readonly choices?: readonly string[];
  /** Limits of the value, written as users write values. */
  readonly min?: string;
  readonly max?: string;
  /** A value for error messages. */
  readonly example?: string;
  /** The value if the option is not given, written as users write values. Shown in texts for people. */
  readonly default?: string;
  /** The behaviour without the option, if it is not that of any one value. */
  readonly defaultText?: string;
  /** The environment variable that is used if the option is not given. */
  readonly env?: string;
  /** Whether the option may be given several times. Otherwise the last one counts. */
  readonly repeatable?: true;
  /** The option without which this one means nothing, in the commands that have both. */
  readonly requires?: string;
  /** The effect of the option: a sentence without a full stop. Backticks mark literal words, `--` names an option. */
  readonly text: string;
}

/** Returns what applies without an option, for texts for people. Backticks mark literal words. */
export function shownDefault({ default: value, defaultText, env }: Option): string | undefined {
  const literal = value ?? (env === undefined ? undefined : `$${env}`);
  return literal === undefined ? defaultText : `\`${literal}\``;
}
