import { LEAST, type RoomOptions } from '../lib/room/options.js';
import { parseDuration } from './duration.js';
import { parseSize } from './size.js';

/** What the command line says of a room that is shared. */
export interface RoomArguments {
  readonly url: string;
  readonly options: Omit<RoomOptions, 'signal' | 'warn' | 'clock'>;
}

export const ROOM_OPTIONS = {
  room: { type: 'string' },
  'room-timeout': { type: 'string' },
  'room-keep': { type: 'string' },
  'room-replicas': { type: 'string' },
  'room-beat': { type: 'string' },
  'room-creds': { type: 'string' },
  'room-nkey': { type: 'string' },
  'room-ca': { type: 'string' },
  'room-cert': { type: 'string' },
  'room-key': { type: 'string' },
} as const;

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

/** @throws Error that says what is wrong with an option */
export function parseRoom(values: RoomValues, env: NodeJS.ProcessEnv): RoomArguments | undefined {
  const { room: url, ...others } = values;
  if (url === undefined) {
    const [option] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined) throw new Error(`--${option} is for a --room`);
    return undefined;
  }
  const timeout = duration('room-timeout', values['room-timeout'], 1);
  const beat = duration('room-beat', values['room-beat'], 20);
  const keep = parseKeep(values['room-keep']);
  const replicas = values['room-replicas'];
  if (replicas !== undefined && !/^[1-5]$/.test(replicas)) {
    throw new Error(`--room-replicas wants a number from 1 to 5, not '${replicas}'`);
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
    throw new Error(`--${option} wants a time such as 30s or 5m, not '${text}'`);
  }
  return ms;
}

function parseKeep(text: string | undefined): RoomOptions['retention'] {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  const bytes = ms === undefined ? parseSize(text) : undefined;
  if (ms === undefined && bytes === undefined) {
    throw new Error(`--room-keep wants a time such as 1h, or a size such as 1GB, not '${text}'`);
  }
  // 292 years are all that the engine can count.
  if (ms !== undefined && ms >= LEAST.ms && ms < 2 ** 63 / 1e6) return { ms };
  if (bytes !== undefined && bytes >= LEAST.bytes) return { bytes };
  const least = ms === undefined ? `${LEAST.bytes / 1024 / 1024}MB` : `${LEAST.ms / 1000}s`;
  const range = ms === undefined || ms < LEAST.ms ? `at least ${least}` : 'at most 100,000d';
  throw new Error(`--room-keep wants ${range}, not '${text}'`);
}
