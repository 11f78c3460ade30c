import { FORMATS, type Format } from '../lib/protocol/formats.js';
import { MAX_LINE_BYTES, type RelayOptions } from '../lib/relay/options.js';
import { parseTransformSpec, type TransformSpec } from '../lib/transforms/loader/spec.js';
import { MiniServError } from '../lib/util/errors.js';
import { sizeOf } from './amounts.js';
import { parsePastTime } from './duration.js';
import { OPTIONS, ROOM_OPTIONS } from './options.js';
import { type OptionValues, parseOptions, UsageError, unexpected } from './parse-options.js';
import { parseCredentials, parseRoom, type RoomArguments } from './room-arguments.js';

/** The parsed arguments of the command. */
export type Command =
  | { readonly kind: 'help' | 'version' }
  /** Arguments that make no sense; the message is printed as it is. */
  | { readonly kind: 'usage'; readonly message: string }
  /** An invalid port; the message is printed only with --verbose. */
  | { readonly kind: 'fatal'; readonly message: string; readonly verbose: boolean }
  | {
      readonly kind: 'run';
      readonly port: number;
      readonly verbose: boolean;
      readonly relay: RelayOptions;
      readonly transforms?: readonly TransformSpec[];
      /** Format of the transcript on standard output. */
      readonly format?: Format;
      readonly audit?: { readonly path: string; readonly format?: Format };
      /** The room, if it is shared with other relays. */
      readonly room?: RoomArguments;
    }
  | {
      readonly kind: 'replay';
      readonly url: string;
      readonly format: Format;
      /** In milliseconds since 1970. */
      readonly since?: number;
      readonly until?: number;
      readonly credentials: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'verify'; readonly path: string }
  /** The conformance kit has options of its own. */
  | { readonly kind: 'conformance'; readonly args: readonly string[] };

type Values = OptionValues<typeof OPTIONS>;

/**
 * Parses the arguments of the command. Never throws: invalid arguments give a command of kind `usage` or `fatal`.
 *
 * @param args the arguments without the names of the interpreter and the script
 * @param env the environment, which may contain the credentials for an engine
 */
export function parseCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const [first, ...others] = args;
  if (first === 'conformance') return { kind: 'conformance', args: others };
  try {
    const { values, operands } = parse(args);
    if (values.help) return { kind: 'help' };
    if (values.version) return { kind: 'version' };
    if (operands[0] === 'verify') return parseVerify(operands, values);
    if (operands[0] === 'replay') return parseReplay(operands, values, env);
    return parseRun(operands, values, env);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof MiniServError)) throw error;
    return { kind: 'usage', message: error.message };
  }
}

/** Matches an option whose value is the next argument. */
const TAKES_NEXT = new RegExp(
  `^(-t|--(${Object.entries(OPTIONS)
    .filter(([, { type }]) => type === 'string')
    .map(([name]) => name)
    .join('|')}))$`,
);

function parse(args: readonly string[]): { values: Values; operands: string[] } {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  // A negative number is a wrong port and not an unknown option, unless it is the value of an option.
  const isNumber = (arg: string, index: number): boolean =>
    index < end && /^-\d/.test(arg) && !TAKES_NEXT.test(args[index - 1] ?? '');
  const { values, operands } = parseOptions(
    args.filter((arg, index) => !isNumber(arg, index)),
    OPTIONS,
  );
  return { values, operands: [...args.filter(isNumber), ...operands] };
}

function parseRun(operands: readonly string[], values: Values, env: NodeJS.ProcessEnv): Command {
  const relay = parseRelayOptions(values);
  const transforms = values.transform?.map(parseTransformSpec);
  const transcripts = parseTranscripts(values);
  const [text, ...rest] = operands;
  if (text === undefined || rest.length > 0) throw new UsageError('Wrong number of arguments');
  for (const option of ['since', 'until'] as const) {
    if (values[option] !== undefined)
      throw new UsageError(`--${option}: is an option of mini-serv replay only`);
  }
  const room = parseRoom(roomValues(values), env);
  const verbose = values.verbose === true;
  if (!/^\d+$/.test(text) || Number(text) > 65535) {
    const { message } = unexpected('port', 'an integer from 0 to 65535', text);
    return { kind: 'fatal', verbose, message };
  }
  return {
    kind: 'run',
    port: Number(text),
    verbose,
    relay,
    ...(transforms !== undefined && { transforms }),
    ...transcripts,
    ...(room !== undefined && { room }),
  };
}

/** The largest size in whole units that is a safe integer. */
const MAX_BYTES = 8191 * 1024 ** 4;

function parseRelayOptions(values: Values): RelayOptions {
  const relay: { -readonly [K in keyof RelayOptions]: RelayOptions[K] } = {};
  for (const [name, option, min, max] of [
    ['max-line', 'maxLineBytes', 1, MAX_LINE_BYTES],
    ['memory', 'memoryBytes', 0, MAX_BYTES],
    ['spill-limit', 'spillLimitBytes', 0, MAX_BYTES],
  ] as const) {
    const text = values[name];
    if (text !== undefined) relay[option] = sizeOf(`--${name}`, text, { min, max, example: '64M' });
  }
  const spillDir = values['spill-dir'];
  if (spillDir === '') throw unexpected('--spill-dir', 'the path of a directory', spillDir);
  if (spillDir !== undefined) relay.spillDir = spillDir;
  const policy = values['on-transform-error'];
  if (policy !== undefined && policy !== 'close' && policy !== 'bypass') {
    throw unexpected('--on-transform-error', 'close or bypass', policy);
  }
  if (policy !== undefined) relay.onTransformError = policy;
  return relay;
}

function parseTranscripts(values: Values) {
  const format = parseFormat('format', values);
  const auditFormat = parseFormat('audit-format', values) ?? format;
  const path = values.audit;
  if (path === '') throw unexpected('--audit', 'the path of a file', path);
  return {
    ...(format !== undefined && { format }),
    ...(path !== undefined && { audit: { path, ...(auditFormat !== undefined && { format: auditFormat }) } }),
  };
}

function parseFormat(option: 'format' | 'audit-format', values: Values): Format | undefined {
  const text = values[option];
  const format = FORMATS.find((name) => name === text);
  if (text !== undefined && format === undefined) throw unexpected(`--${option}`, 'wire, text or json', text);
  return format;
}

function parseVerify([, path, ...rest]: readonly string[], values: Values): Command {
  checkOptions('verify', values, /^verbose$/);
  if (path !== undefined && rest.length === 0) return { kind: 'verify', path };
  throw new UsageError('Wrong number of arguments: expected mini-serv verify <file>');
}

function parseReplay([, url, ...rest]: readonly string[], values: Values, env: NodeJS.ProcessEnv): Command {
  checkOptions('replay', values, /^(since|until|format|verbose|room-(creds|nkey|ca|cert|key))$/);
  if (url === undefined || rest.length > 0) {
    throw new UsageError('Wrong number of arguments: expected mini-serv replay <url>');
  }
  const times: { since?: number; until?: number } = {};
  for (const option of ['since', 'until'] as const) {
    const text = values[option];
    if (text === undefined) continue;
    const time = parsePastTime(text, Date.now());
    if (time === undefined) throw unexpected(`--${option}`, 'a time such as 10:00 or 1h', text);
    times[option] = time;
  }
  const { format = 'wire' } = parseTranscripts(values);
  const credentials = parseCredentials(roomValues(values), env);
  return { kind: 'replay', url, format, credentials, ...times };
}

function checkOptions(command: string, values: Values, allowed: RegExp): void {
  const option = Object.keys(values).find((name) => !allowed.test(name));
  if (option !== undefined) throw new UsageError(`--${option}: is not an option of mini-serv ${command}`);
}

function roomValues(values: Values) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in ROOM_OPTIONS));
}
