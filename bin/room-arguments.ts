import { LEAST, type RoomOptions } from '../lib/room/options.js';
import { parseDuration } from './duration.js';
import type { ROOM_OPTIONS } from './options.js';
import { UsageError, unexpected } from './parse-options.js';
import { parseSize } from './size.js';

/** What the command line says of a room that is shared. */
export interface RoomArguments {
  readonly url: string;
  readonly options: Omit<RoomOptions, 'signal' | 'warn' | 'clock'>;
}

export type RoomValues = { readonly [K in keyof typeof ROOM_OPTIONS]?: string | undefined };

/** Options that name files, and the variables of the environment that do; they are those of NATS' own command. */
const FILES = {
  creds: 'NATS_CREDS',
  nkey: 'NATS_NKEY',
  ca: 'NATS_CA',
  cert: 'NATS_CERT',
  key: 'NATS_KEY',
} as const;
const SECRETS = { user: 'NATS_USER', pass: 'NATS_PASSWORD', token: 'NATS_TOKEN' } as const;

/** @throws {UsageError} */
export function parseRoom(values: RoomValues, env: NodeJS.ProcessEnv): RoomArguments | undefined {
  const { room: url, ...others } = values;
  if (url === undefined) {
    const [option] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined) throw new UsageError(`--${option}: expected --room <url> as well`);
    return undefined;
  }
  const timeout = duration('room-timeout', values['room-timeout'], 1);
  const beat = duration('room-heartbeat', values['room-heartbeat'], 20);
  const keep = parseKeep(values['room-retention']);
  const replicas = values['room-replicas'];
  if (replicas !== undefined && !/^[1-5]$/.test(replicas)) {
    throw unexpected('--room-replicas', 'a number from 1 to 5', replicas);
  }
  return {
    url,
    options: {
      ...parseCredentials(values, env),
      ...(timeout !== undefined && { timeout }),
      ...(beat !== undefined && { heartbeatMs: beat }),
      ...(keep !== undefined && { retention: keep }),
      ...(replicas !== undefined && { replicas: Number(replicas) }),
    },
  };
}

/** What says who this is: the options first, then the environment. */
export function parseCredentials(values: RoomValues, env: NodeJS.ProcessEnv) {
  const credentials: Record<string, string> = {};
  for (const [name, variable] of Object.entries({ ...SECRETS, ...FILES })) {
    const value = values[`room-${name}` as keyof RoomValues] ?? env[variable];
    if (value !== undefined && value !== '') credentials[name] = value;
  }
  return credentials;
}

function duration(option: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms < least || ms >= 2 ** 31) {
    throw unexpected(`--${option}`, 'a time such as 30s or 5m', text);
  }
  return ms;
}

function parseKeep(text: string | undefined): RoomOptions['retention'] {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  const bytes = ms === undefined ? parseSize(text) : undefined;
  if (ms === undefined && bytes === undefined) {
    throw unexpected('--room-retention', 'a time such as 1h or a size such as 1GB', text);
  }
  // 292 years are all that the engine can count.
  if (ms !== undefined && ms >= LEAST.ms && ms < 2 ** 63 / 1e6) return { ms };
  if (bytes !== undefined && bytes >= LEAST.bytes) return { bytes };
  const least = ms === undefined ? `${LEAST.bytes / 1024 / 1024}MB` : `${LEAST.ms / 1000}s`;
  const range = ms === undefined || ms < LEAST.ms ? `at least ${least}` : 'at most 100,000d';
  throw unexpected('--room-retention', range, text);
}
