import { COMMANDS, type CommandName, shownName } from './commands.js';
import type { Option } from './option.js';
import { findSimilar } from './suggest.js';
import { OPTIONS, optionsOf } from './table.js';
import { UsageError } from './usage-error.js';
import { joinWords } from './values.js';

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
    const shown = joinWords(owners.map(shownName), 'and');
    return new UsageError(`${rawName}: is an option of ${shown}, not of ${shownName(command)}`);
  }
  // Letters behind one dash are short options, but a user who writes several probably means a long one.
  const isWord = !rawName.startsWith('--') && arg.length > 2;
  const shown = isWord ? arg.replace(/=.*/s, '') : rawName;
  return new UsageError(`${shown}: unknown option; ${adviceFor(shown, arg, command)}`);
}

function ownersOf(name: string): CommandName[] {
  return (OPTIONS as readonly Option[])
    .filter((option) => option.name === name || option.short === name)
    .flatMap(({ commands }) => commands);
}

function adviceFor(shown: string, arg: string, command: CommandName): string {
  const own = similarOption(shown, optionsOf(command));
  if (own !== undefined) return `did you mean ${own}?`;
  const other = similarOption(shown, OPTIONS);
  if (other !== undefined) {
    const owners = ownersOf(other.replace(/^-+/, '')).map(shownName);
    return `did you mean ${other}, an option of ${joinWords(owners, 'and')}?`;
  }
  const help = command === 'run' ? 'see --help' : `see mini-serv ${command} --help`;
  const [operand] = COMMANDS[command].operands;
  const isOperand = !arg.startsWith('--') && operand !== undefined && command !== 'run';
  return isOperand ? `${help}, or write -- ${arg} if that is the <${operand.name}>` : help;
}

/** Returns the option that is probably meant, with its dashes. */
function similarOption(shown: string, options: readonly Option[]): string | undefined {
  const word = shown.replace(/^-+/, '');
  if (word.length === 1) {
    const shorts = options.flatMap(({ short }) => short ?? []);
    const found =
      shorts.find((short) => short === word) ??
      shorts.find((short) => short.toLowerCase() === word.toLowerCase());
    return found === undefined ? undefined : `-${found}`;
  }
  const similar = findSimilar(
    word,
    options.map(({ name }) => name),
  );
  return similar === undefined ? undefined : `--${similar}`;
}
