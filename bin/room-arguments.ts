import type { RoomOptions } from '../lib/room/options.js';
import type { Values } from './options/values.js';

/** The shared room that the command line asks for. */
export interface RoomArguments {
  readonly url: string;
  readonly options: Omit<RoomOptions, 'signal' | 'onWarning' | 'clock'>;
}

/** Environment variables that hold a secret. They have no option, because every process can read arguments. */
export const SECRET_VARIABLES = { user: 'NATS_USER', pass: 'NATS_PASSWORD', token: 'NATS_TOKEN' } as const;

/** Returns undefined if the room is not shared. */
export function roomOf(values: Values<'run'>, env: NodeJS.ProcessEnv): RoomArguments | undefined {
  const { room: url, 'room-timeout': timeoutMs, 'room-retention': retention } = values;
  if (url === undefined) return undefined;
  return {
    url,
    options: {
      ...credentialsOf(values, env),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(retention !== undefined && { retention }),
      ...(values['room-replicas'] !== undefined && { replicas: values['room-replicas'] }),
      heartbeatMs: values['room-heartbeat'],
    },
  };
}

/** Credentials for the engine. An option takes precedence over the environment. */
export function credentialsOf(
  values: Values<'run'> | Values<'replay'>,
  env: NodeJS.ProcessEnv,
): Record<string, string> {
  const credentials: Record<string, string> = {};
  for (const [name, variable] of Object.entries(SECRET_VARIABLES)) {
    const value = env[variable];
    if (value !== undefined && value !== '') credentials[name] = value;
  }
  for (const name of ['creds', 'nkey', 'ca', 'cert', 'key'] as const) {
    const value = values[`room-${name}`];
    if (value !== undefined) credentials[name] = value;
  }
  return credentials;
}
