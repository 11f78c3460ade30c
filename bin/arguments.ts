import { parseArgs } from 'node:util';
import { FORMATS, type Format } from '../lib/protocol/formats.js';
import type { RelayOptions } from '../lib/relay/options.js';
import { parseTransformSpec, type TransformSpec } from '../lib/transforms/loader/spec.js';
import { parseSince } from './duration.js';
import { parseCredentials, parseRoom, ROOM_OPTIONS, type RoomArguments } from './room-arguments.js';
import { parseSize } from './size.js';

/** What the command is asked to do. */
export type Command =
  | { readonly kind: 'help' | 'version' }
  /** Arguments that the command cannot make sense of; the message says why. */
  | { readonly kind: 'usage'; readonly message: string }
  | { readonly kind: 'fatal'; readonly message: string; readonly verbose: boolean }
  | {
      readonly kind: 'run';
      readonly port: number;
      readonly verbose: boolean;
      readonly relay: RelayOptions;
      /** What is to be loaded as the relay's transforms. */
      readonly transforms?: readonly TransformSpec[];
      /** Of standard output. */
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
  /** The rest is for the conformance kit to make sense of. */
  | { readonly kind: 'conformance'; readonly args: readonly string[] };

export const HELP = `Usage: mini-serv [options] <port>
       mini-serv verify <file>
       mini-serv conformance [options] <command>
       mini-serv replay [--since <time>] [--until <time>] <url>

Relays lines between all who connect to 127.0.0.1:<port>. What is said in the
room is written to standard output. Port 0 takes a free port and says which.
verify says whether an audit in json format is whole; - is standard input.
conformance judges any mini_serv, whatever it is written in: see its own --help.
replay prints what was said in a room that an engine keeps.

Options:
  -t, --transform <spec>
                        pass what clients say through a transform; may be given
                        several times, for one behind the other
  --on-transform-error <policy>
                        what becomes of a client whose transform fails: close
                        (default) disconnects it, bypass goes on without it
  --audit <file>        append what is said to a file too; SIGHUP reopens it
  --format <format>     how what is said is written: wire, as it goes over the
                        network; text, with its time and for people; json, an
                        object a line (default: wire, and text for the audit)
  --audit-format <format>
                        the audit's, where it is not that of standard output
  --max-line <size>     disconnect who sends a longer line (default 64M)
  --memory <size>       backlog held in memory before disk is used (default 64M)
  --spill-dir <dir>     where the rest of the backlog goes
                        (default: the system's temporary directory)
  --spill-limit <size>  the most that may be on disk before senders wait
                        (default: what leaves 10 % of it, or 1 GiB, free)
  --room <url>          share the room with relays on other machines, over NATS:
                        nats://host:4222/lobby, or tls://
  --room-timeout <time> end if that engine is out of reach for so long
                        (default: wait)
  --room-keep <amount>  what the engine keeps of the room: 1h, 1GB (default 1GB)
  --room-replicas <n>   on how many of the engine's servers (default 1)
  --room-beat <time>    how often this relay shows that it lives (default 1s);
                        five that are missing are its end
  --room-creds <file>, --room-nkey <file>
                        who this is, for the engine; or in the environment:
                        NATS_CREDS, NATS_NKEY, NATS_USER and NATS_PASSWORD,
                        NATS_TOKEN
  --room-ca <file>, --room-cert <file>, --room-key <file>
                        PEM files for TLS; or NATS_CA, NATS_CERT, NATS_KEY
  --since <time>, --until <time>
                        of a replay: 10:00, 2026-01-31T10:00Z, or 1h (ago)
  --verbose             say on standard error why, where there is a reason
  --help                show this and exit
  --version             show the version and exit

A spec is name or name=options. The name is a built-in's (filter, log, replace,
timestamp, rate, escape, no-http), a package's, or a file's path: ./shout.mjs.
Options are key=value,key=value (key:value is the same) or a JSON object; quote
a value that holds ,key= itself: -t 'replace=pattern:"a,b=c",with:d'.

Sizes are in bytes, or with K, M, G or T, as powers of 1024; times end in ms, s,
m, h or d.
Try it: mini-serv 4242, and in other terminals: nc 127.0.0.1 4242
`;

const OPTIONS = {
  transform: { type: 'string', short: 't', multiple: true },
  'on-transform-error': { type: 'string' },
  audit: { type: 'string' },
  format: { type: 'string' },
  'audit-format': { type: 'string' },
  'max-line': { type: 'string' },
  memory: { type: 'string' },
  'spill-dir': { type: 'string' },
  'spill-limit': { type: 'string' },
  ...ROOM_OPTIONS,
  since: { type: 'string' },
  until: { type: 'string' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const;

/** An option whose value is the next argument. */
const VALUED = new RegExp(
  `^(-t|--(${Object.entries(OPTIONS)
    .filter(([, { type }]) => type === 'string')
    .map(([name]) => name)
    .join('|')}))$`,
);

const SIZES = {
  'max-line': 'maxLineBytes',
  memory: 'memoryBytes',
  'spill-limit': 'spillLimitBytes',
} as const;

/**
 * @param args without the names of the interpreter and the script
 * @param env what says who this is, for an engine
 */
export function parseCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const [first, ...others] = args;
  if (first === 'conformance') return { kind: 'conformance', args: others };
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { kind: 'usage', message: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const relay: { -readonly [K in keyof RelayOptions]: RelayOptions[K] } = {};
  for (const [name, option] of Object.entries(SIZES) as [keyof typeof SIZES, keyof RelayOptions][]) {
    const text = values[name as keyof typeof SIZES];
    if (text === undefined) continue;
    const size = parseSize(text);
    if (size === undefined)
      return { kind: 'usage', message: `--${name} wants a size such as 64M, not '${text}'` };
    Object.assign(relay, { [option]: size });
  }
  if (values['spill-dir'] !== undefined) relay.spillDir = values['spill-dir'];
  const policy = values['on-transform-error'];
  if (policy !== undefined && policy !== 'close' && policy !== 'bypass') {
    return { kind: 'usage', message: `--on-transform-error wants close or bypass, not '${policy}'` };
  }
  if (policy !== undefined) relay.onTransformError = policy;
  const transforms: TransformSpec[] = [];
  try {
    for (const spec of values.transform ?? []) transforms.push(parseTransformSpec(spec));
  } catch (error) {
    return { kind: 'usage', message: (error as Error).message };
  }
  let transcripts: ReturnType<typeof parseTranscripts>;
  try {
    transcripts = parseTranscripts(values);
  } catch (error) {
    return { kind: 'usage', message: (error as Error).message };
  }
  const [text] = positionals;
  if (text === 'verify') return parseVerify(positionals, values);
  if (text === 'replay') return parseReplay(positionals, values, env);
  if (text === undefined || positionals.length > 1) {
    return { kind: 'usage', message: 'Wrong number of arguments' };
  }
  let room: RoomArguments | undefined;
  try {
    for (const option of ['since', 'until'] as const) {
      if (values[option] !== undefined) throw new Error(`--${option} is for replay`);
    }
    room = parseRoom(roomValues(values), env);
  } catch (error) {
    return { kind: 'usage', message: (error as Error).message };
  }
  const verbose = values.verbose === true;
  const port = parsePort(text);
  if (port === undefined) {
    return { kind: 'fatal', verbose, message: `a port is an integer from 0 to 65535, and not '${text}'` };
  }
  return {
    kind: 'run',
    port,
    verbose,
    relay,
    ...(transforms.length > 0 && { transforms }),
    ...transcripts,
    ...(room !== undefined && { room }),
  };
}

function roomValues(values: Values) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in ROOM_OPTIONS));
}

/** Options that a replay has, beside those that say who this is. */
const REPLAY = new Set(['since', 'until', 'format', 'verbose']);

function parseReplay([, url, more]: readonly string[], values: Values, env: NodeJS.ProcessEnv): Command {
  const foreign = Object.keys(values).find(
    (option) => !REPLAY.has(option) && !/^room-(creds|nkey|ca|cert|key)$/.test(option),
  );
  if (foreign !== undefined) return { kind: 'usage', message: `replay takes no --${foreign}` };
  if (url === undefined || more !== undefined) {
    return { kind: 'usage', message: 'Wrong number of arguments: mini-serv replay <url>' };
  }
  const times: { since?: number; until?: number } = {};
  for (const option of ['since', 'until'] as const) {
    const text = values[option];
    if (text === undefined) continue;
    const time = parseSince(text, Date.now());
    if (time === undefined) {
      return { kind: 'usage', message: `--${option} wants a time such as 10:00 or 1h, not '${text}'` };
    }
    times[option] = time;
  }
  const { format = 'wire' } = parseTranscripts(values);
  const credentials = parseCredentials(roomValues(values), env);
  return { kind: 'replay', url, format, credentials, ...times };
}

type Values = ReturnType<typeof parse>['values'];

function parseTranscripts({ format, audit, 'audit-format': auditFormat }: Values) {
  const own = parseFormat('--format', format);
  const audits = parseFormat('--audit-format', auditFormat) ?? own;
  if (audit === '') throw new Error('--audit wants the path of a file');
  return {
    ...(own !== undefined && { format: own }),
    ...(audit !== undefined && { audit: { path: audit, ...(audits !== undefined && { format: audits }) } }),
  };
}

function parseFormat(option: string, text: string | undefined): Format | undefined {
  const format = FORMATS.find((name) => name === text);
  if (text !== undefined && format === undefined) {
    throw new Error(`${option} wants ${FORMATS.join(', ')}, not '${text}'`);
  }
  return format;
}

function parseVerify([, path, more]: readonly string[], { verbose, ...options }: Values): Command {
  const [option] = Object.keys(options);
  if (option !== undefined) return { kind: 'usage', message: `verify takes no --${option}` };
  if (path !== undefined && more === undefined) return { kind: 'verify', path };
  return { kind: 'usage', message: 'Wrong number of arguments: mini-serv verify <file>' };
}

function parse(args: readonly string[]) {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  // A negative number is a wrong port, not an unknown option; unless it is an option's value.
  const isNumber = (arg: string, index: number): boolean =>
    index < end && /^-\d/.test(arg) && !VALUED.test(args[index - 1] ?? '');
  const numbers = args.filter(isNumber);
  const rest = args.filter((arg, index) => !isNumber(arg, index));
  const { values, positionals } = parseArgs({ args: rest, options: OPTIONS, allowPositionals: true });
  return { values, positionals: [...numbers, ...positionals] };
}

function parsePort(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}
