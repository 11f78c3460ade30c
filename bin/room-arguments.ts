import { MAX_RETENTION_MS, MIN_RETENTION, type RoomOptions } from '../lib/room/options.js';
import { formatDuration, parseDuration } from '../lib/util/duration.js';
import { formatSize, parseSize } from '../lib/util/size.js';
import { durationOf } from './amounts.js';
import type { ROOM_OPTIONS } from './options.js';
import { UsageError, unexpected } from './parse-options.js';

/** The shared room that the command line asks for. */
export interface RoomArguments {
  readonly url: string;
  readonly options: Omit<RoomOptions, 'signal' | 'onWarning' | 'clock'>;
}

export type RoomValues = { readonly [K in keyof typeof ROOM_OPTIONS]?: string | undefined };

/** Environment variables that name a file, as the `nats` command spells them. Each has an option too. */
const FILE_VARIABLES = {
  creds: 'NATS_CREDS',
  nkey: 'NATS_NKEY',
  ca: 'NATS_CA',
  cert: 'NATS_CERT',
  key: 'NATS_KEY',
} as const;
/** Environment variables that hold a secret. They have no option, because every process can read arguments. */
const SECRET_VARIABLES = { user: 'NATS_USER', pass: 'NATS_PASSWORD', token: 'NATS_TOKEN' } as const;

/** @throws {UsageError} */
export function parseRoom(values: RoomValues, env: NodeJS.ProcessEnv): RoomArguments | undefined {
  const { room: url, ...others } = values;
  if (url === undefined) {
    const [option] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined) throw new UsageError(`--${option}: expected --room <url> as well`);
    return undefined;
  }
  const timeoutMs = parseTime('room-timeout', values['room-timeout'], 1);
  const heartbeatMs = parseTime('room-heartbeat', values['room-heartbeat'], 20);
  const retention = parseRetention(values['room-retention']);
  const replicas = values['room-replicas'];
  if (replicas !== undefined && !/^[1-5]$/.test(replicas)) {
    throw unexpected('--room-replicas', 'a number from 1 to 5', replicas);
  }
  return {
    url,
    options: {
      ...parseCredentials(values, env),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(heartbeatMs !== undefined && { heartbeatMs }),
      ...(retention !== undefined && { retention }),
      ...(replicas !== undefined && { replicas: Number(replicas) }),
    },
  };
}

/** Credentials for the engine. An option takes precedence over the environment. */
export function parseCredentials(values: RoomValues, env: NodeJS.ProcessEnv) {
  const credentials: Record<string, string> = {};
  for (const [name, variable] of Object.entries({ ...SECRET_VARIABLES, ...FILE_VARIABLES })) {
    const value = values[`room-${name}` as keyof RoomValues] ?? env[variable];
    if (value !== undefined && value !== '') credentials[name] = value;
  }
  return credentials;
}

/** The longest timer of Node is a little less than 25 days. */
const MAX_TIMER_MS = parseDuration('24d') as number;

function parseTime(option: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined;
  return durationOf(`--${option}`, text, { min, max: MAX_TIMER_MS, example: '30s' });
}

const MAX_RETENTION_DAYS = Math.floor(MAX_RETENTION_MS / (parseDuration('1d') as number));
const RETENTION =
  `a time from ${formatDuration(MIN_RETENTION.ms)} to ${MAX_RETENTION_DAYS}d ` +
  `or a size of at least ${formatSize(MIN_RETENTION.bytes)}, such as 1h or 1G`;

function parseRetention(text: string | undefined): RoomOptions['retention'] {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  const bytes = ms === undefined ? parseSize(text) : undefined;
  if (ms !== undefined && ms >= MIN_RETENTION.ms && ms <= MAX_RETENTION_MS) return { ms };
  if (bytes !== undefined && bytes >= MIN_RETENTION.bytes && Number.isFinite(bytes)) return { bytes };
  throw unexpected('--room-retention', RETENTION, text);
}
