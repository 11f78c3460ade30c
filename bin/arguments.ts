import type { Format } from '../lib/protocol/formats.js';
import type { RelayOptions } from '../lib/relay/options.js';
import type { TransformSpec } from '../lib/transforms/loader/spec.js';
import { COMMANDS, type CommandName, type Shell } from './options/commands.js';
import { type CommandLine, parseCommandLine } from './options/parse.js';
import { CommandLineError, unexpected } from './options/usage-error.js';
import type { Values } from './options/values.js';
import { credentialsOf, type RoomArguments, roomOf } from './room-arguments.js';

/** The port of `mini-serv join` if none is given: the one of all examples. */
const DEFAULT_PORT = '4242';

/** The parsed arguments of the command. */
export type Command =
  /** Without the name of a command, the help is a summary of all commands. */
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' }
  | { readonly kind: 'completion'; readonly shell: Shell }
  /** Arguments that make no sense; the message is printed as it is. */
  | { readonly kind: 'usage'; readonly message: string; readonly exitCode: number }
  /** An invalid port; the message is printed only with --verbose. */
  | { readonly kind: 'fatal'; readonly message: string; readonly verbose: boolean }
  | {
      readonly kind: 'run';
      readonly port: number;
      readonly verbose: boolean;
      readonly relay: RelayOptions;
      readonly transforms: readonly TransformSpec[];
      /** Format of the transcript on standard output. */
      readonly format: Format;
      readonly audit?: { readonly path: string; readonly format?: Format };
      readonly pidFile?: string;
      /** The port of the web page. */
      readonly web?: number;
      /** The room, if it is shared with other relays. */
      readonly room?: RoomArguments;
    }
  | { readonly kind: 'join'; readonly port: number; readonly reconnect: boolean }
  | {
      readonly kind: 'replay';
      readonly url: string;
      readonly format: Format;
      /** In milliseconds since 1970. */
      readonly since?: number;
      readonly until?: number;
      readonly timeoutMs: number;
      readonly credentials: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'try';
      readonly verbose: boolean;
      readonly transforms: readonly TransformSpec[];
      readonly bypassFailed: boolean;
      readonly maxLineBytes: number;
      readonly format: Format;
    }
  | { readonly kind: 'verify'; readonly path: string }
  | {
      readonly kind: 'conformance';
      readonly values: Values<'conformance'>;
      /** The names of the given options in their order. */
      readonly order: readonly string[];
      /** The command to test, and its arguments. */
      readonly command: readonly string[];
    };

/**
 * Parses the arguments of the command. Never throws: invalid arguments give a command of kind `usage` or `fatal`.
 *
 * @param args the arguments without the names of the interpreter and the script
 * @param env the environment, which may contain the credentials for an engine
 */
export function parseCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  try {
    return toCommand(parseCommandLine(args, env), env);
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    return {
      kind: 'usage',
      message: error.message,
      exitCode: COMMANDS[error.command].usageExitCode ?? 1,
    };
  }
}

function toCommand(
  { command, isNamed, print, values, given, order, operands }: CommandLine,
  env: NodeJS.ProcessEnv,
): Command {
  if (print === 'version') return { kind: 'version' };
  if (print === 'help') return helpOf(isNamed ? command : undefined);
  const [operand = ''] = operands;
  switch (command) {
    case 'run':
      return toRun(operand, values as unknown as Values<'run'>, given, env);
    case 'join':
      return toJoin(operands[0], values as unknown as Values<'join'>);
    case 'try':
      return toTry(values as unknown as Values<'try'>);
    case 'verify':
      return { kind: 'verify', path: operand };
    case 'replay':
      return toReplay(operand, values as unknown as Values<'replay'>, env);
    case 'conformance':
      return {
        kind: 'conformance',
        values: values as unknown as Values<'conformance'>,
        order,
        command: operands,
      };
    case 'completion':
      return { kind: 'completion', shell: operand as Shell };
    case 'help':
      return helpOf(operands[0] as CommandName | undefined);
    case 'version':
      return { kind: 'version' };
  }
}

function helpOf(command: CommandName | undefined): Command {
  return { kind: 'help', ...(command !== undefined && { command }) };
}

function toRun(
  text: string,
  values: Values<'run'>,
  given: ReadonlySet<string>,
  env: NodeJS.ProcessEnv,
): Command {
  const { verbose, format, audit: path, 'pid-file': pidFile, web } = values;
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    const { message } = unexpected('port', 'an integer from 0 to 65535', text);
    return { kind: 'fatal', verbose, message };
  }
  if (web !== undefined && web === Number(text) && web > 0) {
    throw new CommandLineError('run', `--web: expected another port than the relay's, got "${web}"`);
  }
  const room = roomOf(values, env);
  const auditFormat = values['audit-format'] ?? (given.has('format') ? format : undefined);
  return {
    kind: 'run',
    port: Number(text),
    verbose,
    relay: relayOptionsOf(values),
    transforms: values.transform,
    format,
    ...(path !== undefined && { audit: { path, ...(auditFormat !== undefined && { format: auditFormat }) } }),
    ...(pidFile !== undefined && { pidFile }),
    ...(web !== undefined && { web }),
    ...(room !== undefined && { room }),
  };
}

function toJoin(text: string | undefined, { reconnect }: Values<'join'>): Command {
  const port = text ?? DEFAULT_PORT;
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
    throw new CommandLineError('join', unexpected('port', 'an integer from 1 to 65535', port).message);
  }
  return { kind: 'join', port: Number(port), reconnect };
}

function toTry(values: Values<'try'>): Command {
  const { transform: transforms, verbose, format } = values;
  if (transforms.length === 0) {
    throw new CommandLineError(
      'try',
      'expected a transform, such as mini-serv try -t ./shout.mjs < lines.txt',
    );
  }
  return {
    kind: 'try',
    verbose,
    transforms,
    bypassFailed: values['on-transform-error'] === 'bypass',
    maxLineBytes: values['max-line'],
    format,
  };
}

function relayOptionsOf(values: Values<'run'>): RelayOptions {
  const { 'spill-dir': spillDir, 'spill-limit': spillLimitBytes } = values;
  return {
    onTransformError: values['on-transform-error'],
    maxLineBytes: values['max-line'],
    memoryBytes: values.memory,
    ...(spillDir !== undefined && { spillDir }),
    ...(spillLimitBytes !== undefined && { spillLimitBytes }),
  };
}

function toReplay(url: string, values: Values<'replay'>, env: NodeJS.ProcessEnv): Command {
  const { format, since, until, timeout: timeoutMs } = values;
  if (since !== undefined && until !== undefined && since > until) {
    throw new CommandLineError('replay', '--since: expected a time before --until');
  }
  return {
    kind: 'replay',
    url,
    format,
    timeoutMs,
    credentials: credentialsOf(values, env),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}
