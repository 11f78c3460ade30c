import { COMMANDS, type Command, type CommandName, shownOperands } from './options/commands.js';
import { GROUPS, type Option } from './options/option.js';
import { optionsOf } from './options/table.js';

const MIN_WIDTH = 80;
const MAX_WIDTH = 100;
/** Where the descriptions of options and commands begin. */
const COLUMN = 24;

/**
 * Returns the help text of a command. Without a command, it is that of the relay with a list of all commands.
 *
 * @param columns the width of the terminal, which is used up to 100 columns
 */
export function helpText(command?: CommandName, columns = MIN_WIDTH): string {
  const width = Math.min(Math.max(columns, MIN_WIDTH), MAX_WIDTH);
  const { text, examples, exitCodes, ...entry } = COMMANDS[command ?? 'run'];
  const usage = command === undefined ? Object.values(COMMANDS) : [COMMANDS[command]];
  const sections = [
    usage.map((one, i) => `${i === 0 ? 'Usage: ' : '       '}${usageOf(one)}\n`).join(''),
    ...text.map((paragraph) => fill(paragraph, width)),
    ...(command === undefined ? [`Commands:\n${listCommands(width)}`] : []),
    ...describeGroups(entry.name, width),
    ...(entry.name === 'run' ? NOTES.map((note) => fill(note, width)) : []),
    fill(`Exit code ${exitCodes.map(([code, meaning]) => `${code}: ${meaning}.`).join(' ')}`, width),
    `${examples.length > 1 ? 'Examples' : 'Example'}:\n${examples.map((example) => `  ${example}\n`).join('')}`,
  ];
  return sections.join('\n');
}

/** Returns how a command is called: `mini-serv verify [options] <file>`. */
export function usageOf(command: Command): string {
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
export function formsOf({ name, short, value }: Option): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
}

/** Returns the text of an option with its default. */
export function meaningOf({ text, default: value, defaultText, env }: Option): string {
  const shown = value ?? (env === undefined ? defaultText : `$${env}`);
  return `${text}${shown === undefined ? '' : ` (default: ${shown})`}`.replaceAll('`', '');
}

function describe(form: string, text: string, width: number): string {
  const [first = '', ...rest] = wrap(text, width - COLUMN);
  const indent = ' '.repeat(COLUMN);
  const isLong = form.length >= COLUMN - 1;
  const head = isLong ? `${form}\n${indent}${first}` : form.padEnd(COLUMN) + first;
  return `${[head, ...rest.map((line) => indent + line)].join('\n')}\n`;
}

function fill(text: string, width: number): string {
  return `${wrap(text, width).join('\n')}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

const NOTES = [
  'A spec is name or name=options. The name is a built-in transform (filter, log, replace, timestamp, rate, escape, exec, no-http), a package, or the path of a file such as ./shout.mjs. Options are key=value,key=value (key:value is the same) or a JSON object. Quote a value that contains ,key= itself: -t \'replace=pattern:"a,b=c",with:d\'.',
  'Sizes are in bytes, or end in K, M, G or T (powers of 1024). Times end in ms, s, m, h or d. User names, passwords and tokens for NATS are read from NATS_USER, NATS_PASSWORD and NATS_TOKEN in the environment.',
];
