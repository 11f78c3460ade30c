import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { Authenticator, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import { redact } from '../../util/redact.js';
import type { Credentials } from '../options.js';
import type { Packages } from './packages.js';
import type { RoomUrl } from './room-url.js';

export interface ConnectionOptions {
  readonly packages: Packages;
  readonly url: RoomUrl;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** How often beats are sent, in ms: what is amiss with the connection should be found out about as soon. */
  readonly beat: number;
  readonly timeout: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once if the engine has to be waited for. */
  readonly waiting: (reason: MiniServError) => void;
}

/** How long until a server that is not there is tried again, in ms. */
const RETRY = 500;

/**
 * Connects, however long that takes: an engine that is not there is waited for. One that refuses is not.
 *
 * @throws {MiniServError} ERR_ROOM_REFUSED, ERR_ROOM_TIMEOUT, ERR_OPTION if a file cannot be read
 */
export async function connectTo(options: ConnectionOptions): Promise<NatsConnection> {
  const { packages, url, clock, timeout, signal, waiting } = options;
  const connection = await connectionOptions(options);
  const began = clock.now();
  for (let first = true; ; first = false) {
    try {
      return await packages.transport.connect(connection);
    } catch (error) {
      const reason = redact((error as Error).message);
      if (isRefusal(packages, error)) {
        throw new MiniServError('ERR_ROOM_REFUSED', `${url.shown} refuses this relay: ${reason}`, {
          cause: error,
        });
      }
      if (signal?.aborted) throw error;
      if (timeout !== undefined && clock.now() - began >= timeout) {
        const message = `${url.shown} was out of reach for ${timeout / 1000} s: ${reason}`;
        throw new MiniServError('ERR_ROOM_TIMEOUT', message, { cause: error });
      }
      if (first) {
        const message = `${url.shown} is out of reach (${reason}): all wait until it is back`;
        waiting(new MiniServError('ERR_ROOM_UNREACHABLE', message, { cause: error }));
      }
      await new Promise<void>((resolve) => clock.setTimer(Math.min(RETRY, timeout ?? RETRY), resolve));
    }
  }
}

/**
 * Closes a connection a turn after the last that was written to it: what fails of that, since the server has just ended
 * its side, is told in a moment, and would be told to nobody if the connection had been closed by then.
 */
export async function disconnect(connection: NatsConnection): Promise<void> {
  await turn();
  await connection.close();
}

/** Whether trying again would change nothing. */
function isRefusal({ transport }: Packages, error: unknown): boolean {
  const {
    AuthorizationError,
    UserAuthenticationExpiredError,
    PermissionViolationError,
    InvalidArgumentError,
  } = transport;
  for (const kind of [
    AuthorizationError,
    UserAuthenticationExpiredError,
    PermissionViolationError,
    InvalidArgumentError,
  ]) {
    if (error instanceof kind) return true;
  }
  const { code = '', message, cause } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_OSSL)/.test(code)) return true;
  if (/does not support 'tls'|certificate|authori[sz]ation/i.test(message)) return true;
  return (
    cause !== undefined && cause !== null && cause !== error && isRefusal({ transport } as Packages, cause)
  );
}

/** How long until a lost connection is tried again, in ms, with up to as much by chance. */
export function reconnectWait(beat: number): number {
  return Math.max(50, Math.min(500, beat / 4));
}

async function connectionOptions({
  packages,
  url,
  credentials,
  beat,
}: ConnectionOptions): Promise<NodeConnectionOptions> {
  const { transport } = packages;
  const { user = url.user, pass = url.pass, token = url.token, nkey, creds, ca, cert, key } = credentials;
  const wait = reconnectWait(beat);
  const files = { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) };
  for (const [option, path] of Object.entries({ ca, cert, key })) {
    if (path !== undefined) await fileOf(option, path);
  }
  return {
    servers: [...url.servers],
    name: 'mini-serv',
    maxReconnectAttempts: -1,
    reconnectTimeWait: wait,
    reconnectJitter: wait,
    reconnectJitterTLS: wait,
    // A connection that stands and carries nothing is found out about by our own beats, and given up by these.
    pingInterval: Math.max(1000, beat * 2),
    maxPingOut: 2,
    timeout: 5000,
    ...(url.tls || Object.keys(files).length > 0 ? { tls: files } : {}),
    ...(user !== undefined && { user, pass: pass ?? '' }),
    ...(token !== undefined && { token }),
    ...(nkey !== undefined && {
      authenticator: proven(
        transport.nkeyAuthenticator(seedOf(await fileOf('nkey', nkey))),
        'room-nkey holds no seed of an nkey',
      ),
    }),
    ...(creds !== undefined && {
      authenticator: proven(
        transport.credsAuthenticator(await fileOf('creds', creds)),
        `room-creds is no credentials file: ${creds}`,
      ),
    }),
  };
}

async function fileOf(option: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MiniServError('ERR_OPTION', `room-${option} cannot be read: ${path} (${code})`, { cause });
  }
}

/** Tried at once: what cannot sign now never will, and would be taken for an engine that is out of reach. */
function proven(authenticator: Authenticator, message: string): Authenticator {
  try {
    authenticator('a nonce');
    return authenticator;
  } catch {
    // Without its cause, which may quote what is secret.
    throw new MiniServError('ERR_OPTION', message);
  }
}

/** An nkey's file may have comments and empty lines around the seed. */
function seedOf(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file).toString('latin1');
  const seed = /^\s*(S[A-Z0-9]{57})\s*$/m.exec(text)?.[1];
  if (seed === undefined) throw new MiniServError('ERR_OPTION', 'room-nkey holds no seed of an nkey');
  return Buffer.from(seed);
}
