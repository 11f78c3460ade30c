import { COMMON_OPTIONS } from './common-options.js';
import { CONFORMANCE_OPTIONS } from './conformance-options.js';
import { JOIN_OPTIONS } from './join-options.js';
import type { Option } from './option.js';
import { RELAY_OPTIONS } from './relay-options.js';
import { REPLAY_OPTIONS } from './replay-options.js';
import { ROOM_OPTIONS } from './room-options.js';

/**
 * The one table of options. Parsing, validation, help texts, completion, the man page and the README follow from it, in this
 * order.
 */
export const OPTIONS = [
  ...RELAY_OPTIONS,
  ...JOIN_OPTIONS,
  ...REPLAY_OPTIONS,
  ...CONFORMANCE_OPTIONS,
  ...ROOM_OPTIONS,
  ...COMMON_OPTIONS,
] as const satisfies readonly Option[];

export type OptionEntry = (typeof OPTIONS)[number];

/** Returns the options of a command, in the order of the table. */
export function optionsOf(command: string): readonly Option[] {
  const options: readonly Option[] = OPTIONS;
  return options.filter(({ commands }) => (commands as readonly string[]).includes(command));
}
