import type { ValueType } from './value-type.js';

/** An argument of a command that is not an option. */
export interface Operand {
  readonly name: string;
  readonly type: ValueType;
  readonly choices?: readonly string[];
  readonly optional?: true;
  /** The flag with which the operand may be missing. */
  readonly unless?: string;
}

/** A command, which is the first word that is not an option. */
export interface CommandEntry {
  readonly name: string;
  /** A sentence without a full stop, for lists of commands. */
  readonly summary: string;
  readonly operands: readonly Operand[];
  /** Whether everything after the first operand belongs to that operand, options too, as with `sudo`. */
  readonly isWrapper?: true;
  /** Paragraphs for the help text of the command and the man page. Not wrapped. */
  readonly text: readonly string[];
  readonly examples: readonly string[];
  /** The exit codes, each with its meaning. */
  readonly exitCodes: readonly (readonly [code: number, meaning: string])[];
  /** The exit code for wrong arguments. Default: 1. */
  readonly usageExitCode?: number;
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

export const COMMAND_NAMES = [
  'run',
  'join',
  'try',
  'verify',
  'replay',
  'conformance',
  'completion',
  'help',
  'version',
] as const;

export type CommandName = (typeof COMMAND_NAMES)[number];

/** The commands, in the order of the help text. */
export const COMMANDS: Readonly<Record<CommandName, CommandEntry>> = {
  run: {
    name: 'run',
    summary: 'run a relay; this is the default, and its name may be left out',
    operands: [{ name: 'port', type: 'port' }],
    text: [
      'Relays lines between all clients that connect to 127.0.0.1:<port>, and writes the transcript to standard output. Port 0 selects a free port and prints it.',
    ],
    examples: ['mini-serv 4242', 'mini-serv -t no-http --audit audit.json --audit-format json 4242'],
    exitCodes: [
      [0, 'the relay was ended by a signal'],
      [1, 'wrong arguments, the port is not available, or the shared room was lost'],
    ],
  },
  join: {
    name: 'join',
    summary: 'join a room from a terminal, or connect a program to it',
    operands: [{ name: 'port', type: 'port', optional: true }],
    text: [
      'Joins the room of the relay at 127.0.0.1:<port>, by default at port 4242. On a terminal, lines that arrive appear above the line that you type. Ctrl-D leaves when everything is delivered, Ctrl-C leaves at once.',
      'If standard input or standard output is not a terminal, the command sends standard input and prints what the relay sends, as nc does. A terminal gets escapes for control characters, everything else gets each byte.',
      'Only terminals get colours. NO_COLOR and FORCE_COLOR are obeyed; if both are set, FORCE_COLOR decides.',
    ],
    examples: ['mini-serv join 4242', 'seq 1 1000 | mini-serv join 4242'],
    exitCodes: [
      [0, 'standard input was sent, and the relay has closed the connection'],
      [1, 'wrong arguments, the connection failed or was lost, or an input or output error'],
      [130, 'Ctrl-C'],
    ],
  },
  try: {
    name: 'try',
    summary: 'pass lines through transforms without a room',
    operands: [],
    text: [
      'Passes the lines of standard input through the transforms, as those of client 0, and prints what the other clients of a room would receive. --verbose also shows on standard error which lines were dropped or changed.',
    ],
    examples: [
      'mini-serv try -t ./shout.mjs < lines.txt',
      "echo colour | mini-serv try -t 'exec=sed s/colour/color/'",
    ],
    exitCodes: [
      [0, 'the transforms passed, changed or dropped all lines'],
      [1, 'wrong arguments, or a transform failed, refused the client, cannot be loaded or did not answer'],
      [2, 'standard input cannot be read'],
    ],
  },
  verify: {
    name: 'verify',
    summary: 'check that an audit file in json format is complete',
    operands: [{ name: 'file', type: 'file' }],
    text: [
      'Checks that an audit file in json format is complete: that no line is missing, repeated or damaged. The file - is standard input.',
    ],
    examples: ['mini-serv verify audit.json', 'gzip -dc audit.json.1.gz | mini-serv verify -'],
    exitCodes: [
      [0, 'the audit is complete'],
      [1, 'the audit is not complete, or wrong arguments'],
      [2, 'the file cannot be read, or the result cannot be written'],
    ],
  },
  replay: {
    name: 'replay',
    summary: 'print the messages that a NATS server keeps of a room',
    operands: [{ name: 'url', type: 'url' }],
    text: ['Prints the messages that a NATS server keeps of a room, in their order.'],
    examples: ['mini-serv replay nats://host:4222/lobby', 'mini-serv replay --since 1h nats://host/lobby'],
    exitCodes: [
      [0, 'all messages were printed'],
      [1, 'wrong arguments, or the room cannot be read, or the messages cannot be written'],
    ],
  },
  conformance: {
    name: 'conformance',
    summary: "test any mini_serv against 42's subject",
    operands: [{ name: 'command', type: 'program', unless: 'list' }],
    isWrapper: true,
    text: [
      "Tests any mini_serv against 42's subject. For each case the kit starts the command with a port as its last argument, connects clients to it, and explains what is wrong and why. A source file such as mini_serv.c is compiled first, with gcc and clang, and checked against the rules for the source.",
      'Each case has a rank. subject: what the subject says. exam: what solutions that are known to be accepted satisfy. practice: what good practice asks in addition. beyond: what a server for everyday use should withstand.',
    ],
    examples: ['mini-serv conformance ./mini_serv', 'mini-serv conformance --rank subject mini_serv.c'],
    exitCodes: [
      [0, 'all required cases passed'],
      [1, 'a required case failed'],
      [2, 'nothing was tested, for example because of wrong arguments, or the report cannot be written'],
    ],
    usageExitCode: 2,
  },
  completion: {
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    operands: [{ name: 'shell', type: 'choice', choices: SHELLS }],
    text: [
      'Prints a script that completes the command line of mini-serv. Its first lines say how to install it.',
    ],
    examples: ['eval "$(mini-serv completion bash)"', 'mini-serv completion fish | source'],
    exitCodes: [
      [0, 'the script was printed'],
      [1, 'wrong arguments, or the script cannot be written'],
    ],
  },
  help: {
    name: 'help',
    summary: 'print the help of a command',
    operands: [{ name: 'command', type: 'choice', choices: COMMAND_NAMES, optional: true }],
    text: ['Prints the help of a command, or without a command a summary of all.'],
    examples: ['mini-serv help verify'],
    exitCodes: [
      [0, 'the help was printed'],
      [1, 'wrong arguments, or the help cannot be written'],
    ],
  },
  version: {
    name: 'version',
    summary: 'print the version',
    operands: [],
    text: ['Prints the version of mini-serv.'],
    examples: ['mini-serv version'],
    exitCodes: [
      [0, 'the version was printed'],
      [1, 'wrong arguments, or the version cannot be written'],
    ],
  },
};

/** Returns how a command is called in messages: `mini-serv verify`. The default command is shown without its name. */
export function shownName(command: CommandName): string {
  return command === 'run' ? 'mini-serv <port>' : `mini-serv ${command}`;
}

/** Returns the operands of a command as texts for people show them: `<file>`, `[command]`. */
export function shownOperands({ operands, isWrapper }: CommandEntry): string {
  const shown = operands.map(({ name, optional, choices }) => {
    const text = choices !== undefined && optional !== true ? choices.join('|') : name;
    return optional === true ? `[${text}]` : `<${text}>`;
  });
  return [...shown, ...(isWrapper === true ? ['[args...]'] : [])].join(' ');
}
