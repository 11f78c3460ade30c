import { parseArgs } from 'node:util';
import { MiniServError } from '../../lib/util/errors.js';
import { COMMANDS, type CommandName, shownName, shownOperands } from './commands.js';
import type { Option } from './option.js';
import { refuseOption, refuseSingleDash } from './refusal.js';
import { findSimilar } from './suggest.js';
import { OPTIONS, optionsOf } from './table.js';
import { CommandLineError, UsageError, unexpected } from './usage-error.js';
import { parseValue } from './values.js';

/** The command line after parsing. */
export interface CommandLine {
  readonly command: CommandName;
  /** The text that is printed instead of running the command. */
  readonly print?: 'help' | 'version';
  /** Whether the command line contains the name of the command. */
  readonly isNamed: boolean;
  /** By the names of the options, with their defaults. `Values` is the type for each command. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The names of the options on the command line. */
  readonly given: ReadonlySet<string>;
  /** The names of the options in their order, also repeated ones. */
  readonly order: readonly string[];
  readonly operands: readonly string[];
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Token & { kind: 'option' };

/** The forms of all options. Equal names have equal forms, so the command need not be known to split the words. */
const FORMS = Object.fromEntries(
  (OPTIONS as readonly Option[]).map(({ name, short, type }) => [
    name,
    { type: type === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }) } as const,
  ]),
);

/**
 * Parses the command line by the tables of commands and options: `--name value`, `--name=value`, and the same with a short
 * name. The first word that is not an option is the command, if a command has this name. After `--` nothing is an option or
 * a command.
 *
 * @throws {CommandLineError}
 */
export function parseCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const tokens = tokenize(args);
  const { command, isNamed, words, options } = splitTokens(args, tokens);
  const order = options.map(({ name }) => name);
  const given = new Set(order);
  const common = { command, isNamed, given, order };
  try {
    // Help is wanted most after a mistake.
    for (const name of ['help', 'version'] as const) {
      const isGiven = options.some((token) => token.name === name && token.value === undefined);
      if (isGiven) return { ...common, print: name, values: {}, operands: [] };
    }
    // Checked first, because the options may be those of the command that is meant.
    if (!isNamed) checkUnknownCommand(words[0], tokens);
    const values = readOptions(args, options, command, env);
    return { ...common, values, operands: checkOperands(command, words, given) };
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof MiniServError)) throw error;
    throw new CommandLineError(command, error.message);
  }
}

function tokenize(args: readonly string[]): readonly Token[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  // A negative number is a wrong port and not an unknown option, unless it is the value of an option.
  const isNumber = (arg: string, index: number): boolean =>
    index < end && /^-\d/.test(arg) && !takesNext(args[index - 1] ?? '');
  // Node's strict mode would check the same as this module, but its messages are long and differ between versions.
  const { tokens } = parseArgs({
    args: args.map((arg, index) => (isNumber(arg, index) ? '' : arg)),
    options: FORMS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

function takesNext(arg: string): boolean {
  const [, long, short] = /^--(.+)$|^-(.)$/.exec(arg) ?? [];
  return Object.entries(FORMS).some(
    ([name, form]) =>
      form.type === 'string' && (name === long || (short !== undefined && form.short === short)),
  );
}

function splitTokens(args: readonly string[], tokens: readonly Token[]) {
  const first = tokens.find(({ kind }) => kind !== 'option');
  const name = first?.kind === 'positional' ? (args[first.index] ?? '') : '';
  const isNamed = Object.hasOwn(COMMANDS, name);
  const command = isNamed ? (name as CommandName) : 'run';
  const positionals = tokens.filter((token) => token.kind === 'positional' && !(isNamed && token === first));
  const start = positionals[0]?.index ?? args.length;
  const isWrapper = COMMANDS[command].isWrapper === true;
  return {
    command,
    isNamed,
    words: isWrapper ? args.slice(start) : positionals.map(({ index }) => args[index] as string),
    options: tokens.filter(
      (token): token is OptionToken => token.kind === 'option' && !(isWrapper && token.index > start),
    ),
  };
}

function readOptions(
  args: readonly string[],
  tokens: readonly OptionToken[],
  command: CommandName,
  env: NodeJS.ProcessEnv,
): Record<string, unknown> {
  const options = optionsOf(command);
  const values: Record<string, unknown> = {};
  for (const token of tokens) {
    const arg = args[token.index] as string;
    const option = options.find(({ name }) => name === token.name);
    if (option === undefined) throw refuseOption(arg, token, command);
    const refused = refuseSingleDash(arg);
    if (refused !== undefined) throw refused;
    const value = readValue(token, option);
    if (option.repeatable === true)
      values[option.name] = [...((values[option.name] as unknown[]) ?? []), value];
    else values[option.name] = value;
  }
  for (const { name, requires } of options) {
    const required = options.find((option) => option.name === requires);
    if (values[name] === undefined || required === undefined || values[required.name] !== undefined) continue;
    throw new UsageError(`--${name}: expected --${required.name} <${required.value}> as well`);
  }
  for (const option of options) values[option.name] ??= defaultOf(option, env);
  return values;
}

function readValue({ rawName, value, inlineValue }: OptionToken, option: Option): unknown {
  const { type } = option;
  if (type === undefined) {
    if (value !== undefined) throw unexpected(rawName, 'no value', value);
    return true;
  }
  if (value === undefined) throw new UsageError(`${rawName}: expected a value, got none`);
  if (!inlineValue && value.length > 1 && value.startsWith('-')) {
    const form = rawName.startsWith('--') ? `${rawName}=${value}` : `${rawName}${value}`;
    throw unexpected(rawName, 'a value', value, `; if that is the value, write ${form}`);
  }
  return parseValue(value, { ...option, type }, rawName);
}

function defaultOf(option: Option, env: NodeJS.ProcessEnv): unknown {
  const { type, env: variable = '', default: text = env[variable] || undefined, repeatable } = option;
  if (repeatable === true) return [];
  if (type === undefined) return false;
  return text === undefined ? undefined : parseValue(text, { ...option, type }, option.env ?? option.name);
}

/** A word that is neither a port nor a command may be a command with a typing mistake. */
function checkUnknownCommand(word: string | undefined, tokens: readonly Token[]): void {
  if (word === undefined || tokens.some(({ kind }) => kind === 'option-terminator')) return;
  const similar = /^-?\d/.test(word) ? undefined : findSimilar(word, Object.keys(COMMANDS));
  if (similar !== undefined) throw new UsageError(`${word}: unknown command; did you mean ${similar}?`);
}

function checkOperands(
  name: CommandName,
  words: readonly string[],
  given: ReadonlySet<string>,
): readonly string[] {
  const command = COMMANDS[name];
  const { operands, isWrapper } = command;
  const least = operands.filter(
    ({ optional, unless = '' }) => optional !== true && !given.has(unless),
  ).length;
  if (words.length < least || (words.length > operands.length && isWrapper !== true)) {
    // For a relay the subject prescribes the text.
    const shown = `mini-serv ${name} ${shownOperands(command)}`.trim();
    throw new UsageError(`Wrong number of arguments${name === 'run' ? '' : `: expected ${shown}`}`);
  }
  for (const [i, { type, choices = [] }] of operands.entries()) {
    const word = words[i];
    if (word !== undefined) parseValue(word, { ...NO_OPTION, type, choices }, shownName(name));
  }
  return words;
}

/** Operands are checked like values of options. */
const NO_OPTION = { name: '', commands: [], group: 'Options', text: '' } as const;
