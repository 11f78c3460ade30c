import { COMMANDS, type CommandName, shownName } from './commands.js';
import type { Option } from './option.js';
import { findSimilar } from './suggest.js';
import { OPTIONS, optionsOf } from './table.js';
import { UsageError } from './usage-error.js';
import { joinWords } from './values.js';

const ALL: readonly Option[] = OPTIONS;

/**
 * Returns the error for an option that the command does not have.
 *
 * @param arg the whole word on the command line
 */
export function refuseOption(
  arg: string,
  { name, rawName }: { name: string; rawName: string },
  command: CommandName,
): UsageError {
  const owners = ownersOf(name);
  if (owners.length > 0) {
    return new UsageError(`${rawName}: is an option of ${shown(owners)}, not of ${shownName(command)}`);
  }
  // Letters behind one dash are short options, but a user who writes several probably means a long one.
  const form = rawName.startsWith('--') || arg.length === 2 ? rawName : arg.replace(/=.*/s, '');
  return new UsageError(`${form}: unknown option; ${adviceFor(form, arg, command)}`);
}

/** Returns the error for the long name of an option behind one dash. */
export function refuseSingleDash(arg: string): UsageError | undefined {
  const name = /^-([^-=][^=]+)/.exec(arg)?.[1];
  if (!ALL.some((option) => option.name === name)) return undefined;
  return new UsageError(`-${name}: unknown option; did you mean --${name}?`);
}

function ownersOf(name: string): CommandName[] {
  return ALL.filter((option) => option.name === name).flatMap(({ commands }) => commands);
}

function shown(commands: readonly CommandName[]): string {
  return joinWords(commands.map(shownName), 'and');
}

function adviceFor(form: string, arg: string, command: CommandName): string {
  const own = findSimilarOption(form, optionsOf(command));
  if (own !== undefined) return `did you mean ${own}?`;
  const other = findSimilarOption(form, ALL);
  const owners = ownersOf(other?.slice(2) ?? '');
  if (owners.length > 0) return `did you mean ${other}, an option of ${shown(owners)}?`;
  if (command === 'run') return 'see --help';
  const [operand] = COMMANDS[command].operands;
  const isOperand = !arg.startsWith('--') && operand !== undefined;
  const hint = isOperand ? `, or write -- ${arg} if that is the <${operand.name}>` : '';
  return `see mini-serv ${command} --help${hint}`;
}

/** Returns the option that is probably meant, with its dashes. */
function findSimilarOption(form: string, options: readonly Option[]): string | undefined {
  const word = form.replace(/^-+/, '');
  if (word.length === 1) {
    const shorts = options.flatMap(({ short }) => short ?? []);
    const same = shorts.find((short) => short === word);
    const similar = same ?? shorts.find((short) => short.toLowerCase() === word.toLowerCase());
    return similar === undefined ? undefined : `-${similar}`;
  }
  const names = options.map(({ name }) => name);
  const similar = findSimilar(word, names);
  return similar === undefined ? undefined : `--${similar}`;
}
