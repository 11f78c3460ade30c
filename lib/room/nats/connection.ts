import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NatsConnection, NodeConnectionOptions, Status } from '@nats-io/transport-node';
import { MiniServError } from '../../util/errors.js';
import { redact } from '../../util/redact.js';
import type { Credentials } from '../options.js';
import { authentication } from './credentials.js';
import type { EngineWait } from './engine-wait.js';
import { MessageLimits } from './message-limits.js';
import type { Packages } from './packages.js';
import type { RoomUrl } from './room-url.js';

export interface ConnectionOptions {
  readonly packages: Packages;
  readonly url: RoomUrl;
  readonly credentials: Credentials;
  /** Interval of the relay's heartbeats. The connection is checked at the same pace. */
  readonly heartbeatMs: number;
  readonly wait: EngineWait;
  /** Upper bound for one attempt to connect, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const RETRY_DELAY_MS = 500;
const HANDSHAKE_TIMEOUT_MS = 5000;
/** Error codes of TLS: trying again would not help. */
const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_OSSL)/;
/** The same for errors without a code. */
const REFUSALS = /does not support 'tls'|certificate|authori[sz]ation/i;
/** The server ignores subscriptions beyond a limit, and closes each connection on which a longer command comes. */
const LIMITS = /maximum ((account )?subscriptions|control line) exceeded/i;

/**
 * Connects to a server, and waits if it is unreachable. A server that refuses this relay is not waited for.
 *
 * @throws {MiniServError} ERR_ROOM_REFUSED, ERR_ROOM_TIMEOUT, ERR_OPTION if a file cannot be used
 */
export async function connectTo(options: ConnectionOptions): Promise<NatsConnection> {
  const { packages, url, wait, signal } = options;
  const connectionOptions = await toConnectionOptions(options);
  for (;;) {
    try {
      const connection = await packages.transport.connect(connectionOptions);
      await checkPayload(connection, url.shown);
      return connection;
    } catch (error) {
      if (error instanceof MiniServError) throw error;
      if (isRefusal(packages, error)) throw refusedError(url.shown, error as Error);
      if (signal?.aborted) throw error;
      await wait.beforeRetry(RETRY_DELAY_MS, error as Error);
    }
  }
}

/** @throws {MiniServError} ERR_ROOM_REFUSED if the messages of the server are too small for a room */
async function checkPayload(connection: NatsConnection, name: string): Promise<void> {
  const problem = new MessageLimits(connection).problem();
  if (problem === undefined) return;
  await connection.close();
  throw refusedError(name, new Error(problem));
}

/**
 * Closes a connection one turn after the last write to it. If the server has just closed its end, that write fails one
 * turn later, and on a closed connection nothing would handle its error.
 */
export async function disconnect(connection: NatsConnection): Promise<void> {
  await nextTurn();
  await connection.close();
}

/** Time until a lost connection is tried again, in milliseconds; the client adds a random part of the same size. */
export function reconnectDelayMs(heartbeatMs: number): number {
  return Math.max(50, Math.min(500, heartbeatMs / 4));
}

export function refusedError(name: string, cause: Error): MiniServError {
  const message = `${name} refuses this relay: ${redact(cause.message)}`;
  return new MiniServError('ERR_ROOM_REFUSED', message, { cause });
}

/** Returns the error if the status says that the server refuses this relay something that it needs. */
export function refusalOf({ transport }: Packages, status: Status): Error | undefined {
  if (status.type !== 'error') return undefined;
  const { error } = status;
  const isRefusal = error instanceof transport.PermissionViolationError || LIMITS.test(error.message);
  return isRefusal ? error : undefined;
}

/** Returns the error if the status says that the server no longer accepts the credentials of this relay. */
export function authenticationError({ transport }: Packages, status: Status): Error | undefined {
  if (status.type !== 'error') return undefined;
  const { error } = status;
  const { AuthorizationError, UserAuthenticationExpiredError } = transport;
  const isRejected = error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
  return isRejected ? error : undefined;
}

/** Whether the server closes the connection because a message was too large. */
export function isPayloadViolation(status: Status): boolean {
  return status.type === 'error' && /maximum payload violation/i.test(status.error.message);
}

/** Whether no server answers for JetStream. The package does not export the class of that error. */
export function isWithoutJetStream(error: unknown): boolean {
  return (error as Error).name === 'JetStreamNotEnabled';
}

/** Whether another attempt would fail in the same way. */
function isRefusal(packages: Packages, error: unknown): boolean {
  const { transport } = packages;
  if (
    error instanceof transport.AuthorizationError ||
    error instanceof transport.UserAuthenticationExpiredError ||
    error instanceof transport.PermissionViolationError ||
    error instanceof transport.InvalidArgumentError
  ) {
    return true;
  }
  const { code = '', message, cause } = error as NodeJS.ErrnoException;
  if (TLS_CODES.test(code) || REFUSALS.test(message)) return true;
  return cause instanceof Error && isRefusal(packages, cause);
}

async function toConnectionOptions(options: ConnectionOptions): Promise<NodeConnectionOptions> {
  const { packages, url, credentials, heartbeatMs, timeoutMs = HANDSHAKE_TIMEOUT_MS } = options;
  const delayMs = reconnectDelayMs(heartbeatMs);
  return {
    servers: [...url.servers],
    name: 'mini-serv',
    maxReconnectAttempts: -1,
    reconnectTimeWait: delayMs,
    reconnectJitter: delayMs,
    reconnectJitterTLS: delayMs,
    // The relay's heartbeats notice a silent connection first; after this time the client replaces it.
    pingInterval: Math.max(1000, heartbeatMs * 2),
    maxPingOut: 2,
    timeout: Math.min(HANDSHAKE_TIMEOUT_MS, timeoutMs),
    ...(await authentication(packages, url, credentials)),
  };
}
