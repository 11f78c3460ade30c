import { COMMANDS, type CommandEntry, type CommandName, shownOperands } from './options/commands.js';
import { notesOn } from './options/notes.js';
import { GROUPS, type Option, shownDefault } from './options/option.js';
import { optionsOf } from './options/table.js';

const USUAL_WIDTH = 80;
const MIN_WIDTH = 60;
const MAX_WIDTH = 100;
/** Where the descriptions of options and commands begin. */
const COLUMN = 24;

/** How to pass operands that look like options or commands. */
const DASHES =
  'The command is the first argument that is not an option. After -- nothing is a command or an option: mini-serv verify -- -file.';

/**
 * Returns the help text of a command. Without a command, it is that of the relay with a list of all commands.
 *
 * @param columns the width of the terminal, of which up to 100 columns are used
 */
export function helpText(command?: CommandName, columns = USUAL_WIDTH): string {
  const width = Math.min(Math.max(columns || USUAL_WIDTH, MIN_WIDTH), MAX_WIDTH);
  const { name, text, examples, exitCodes } = COMMANDS[command ?? 'run'];
  const usage = command === undefined ? Object.values(COMMANDS) : [COMMANDS[command]];
  const sections = [
    usage.map((one, i) => `${i === 0 ? 'Usage: ' : '       '}${usageOf(one)}\n`).join(''),
    ...text.map((paragraph) => fill(paragraph, width)),
    ...(command === undefined ? [`Commands:\n${listCommands(width)}`, fill(DASHES, width)] : []),
    ...describeGroups(name, width),
    ...notesOn(optionsOf(name)).map((note) => fill(note, width)),
    `Exit codes:\n${exitCodes.map(([code, meaning]) => describe(`  ${code}`, meaning, width, 5)).join('')}`,
    `Examples:\n${examples.map((example) => `  ${example}\n`).join('')}`,
  ];
  return sections.join('\n');
}

/** Returns how a command is called: `mini-serv verify [options] <file>`. */
export function usageOf(command: CommandEntry): string {
  const name = command.name === 'run' ? 'mini-serv' : `mini-serv ${command.name}`;
  const hasOptions = optionsOf(command.name).some(({ group }) => group !== 'Common options');
  return `${name}${hasOptions ? ' [options]' : ''} ${shownOperands(command)}`.trimEnd();
}

function listCommands(width: number): string {
  return Object.values(COMMANDS)
    .map((command) =>
      describe(`  ${command.name} ${shownOperands(command)}`.trimEnd(), command.summary, width),
    )
    .join('');
}

function describeGroups(command: string, width: number): string[] {
  const options = optionsOf(command);
  return GROUPS.flatMap((title) => {
    const members = options.filter(({ group }) => group === title);
    if (members.length === 0) return [];
    return [
      `${title}:\n${members.map((option) => describe(`  ${formsOf(option)}`, meaningOf(option), width)).join('')}`,
    ];
  });
}

/** Returns the forms of an option: `-t, --transform <spec>`. */
function formsOf({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
}

/** Returns the text of an option with its default. */
function meaningOf(option: Option): string {
  const shown = shownDefault(option);
  return `${option.text}${shown === undefined ? '' : ` (default: ${shown})`}`.replaceAll('`', '');
}

function describe(form: string, text: string, width: number, column = COLUMN): string {
  const [first = '', ...rest] = wrap(text, width - column);
  const indent = ' '.repeat(column);
  const isLong = form.length >= column - 1;
  const head = isLong ? `${form}\n${indent}${first}` : form.padEnd(column) + first;
  return `${[head, ...rest.map((line) => indent + line)].join('\n')}\n`;
}

function fill(text: string, width: number): string {
  return `${wrap(text, width).join('\n')}\n`;
}

/** Breaks a text into lines at its spaces. A no-break space becomes a space. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => line.replaceAll('\u00a0', ' '));
}
