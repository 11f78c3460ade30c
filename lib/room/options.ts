import { isAbortSignal } from '../util/abort-signal.js';
import { type Clock, MAX_TIMER_MS } from '../util/environment.js';
import { MiniServError, optionError } from '../util/errors.js';
import { checkNames } from '../util/option-names.js';

/** How much of a room the engine keeps: everything younger than `ms` milliseconds, or the newest `bytes` bytes. */
export type Retention = { readonly ms: number } | { readonly bytes: number };

/**
 * The smallest retention. A relay joins from the latest snapshot and needs all records since then. Snapshots are saved
 * after 5 s or 8 MiB.
 */
export const MIN_RETENTION = { ms: 10_000, bytes: 16 * 1024 * 1024 };
/** The largest retention: the engine counts nanoseconds in 63 bits. */
export const MAX_RETENTION_MS = 2 ** 63 / 1e6 - 1;

/** How a relay authenticates to an engine. Secrets come from files, from the URL or from the environment. */
export interface Credentials {
  /** Name of a user, with `pass`. */
  readonly user?: string;
  /** Password of `user`. */
  readonly pass?: string;
  /** A token, instead of a user. */
  readonly token?: string;
  /** Path of a file with the seed of an nkey. */
  readonly nkey?: string;
  /** Path of a credentials file, as `nsc` writes it. */
  readonly creds?: string;
  /** Path of a PEM file with the certificates to trust. */
  readonly ca?: string;
  /** Path of a PEM file with this relay's own certificate. */
  readonly cert?: string;
  /** Path of a PEM file with the key of `cert`. */
  readonly key?: string;
}

/** Options of {@link openRoom}. */
export interface RoomOptions extends Credentials {
  /** How long the engine may be unreachable before the room is given up, in milliseconds. Default: forever. */
  readonly timeoutMs?: number;
  /**
   * How much of the room the engine keeps: at least 10 s or 16 MiB. Default: an existing room keeps its setting, a new
   * one gets 1 GiB.
   */
  readonly retention?: Retention;
  /** Number of servers that store the room, 1 to 5. Default: an existing room keeps its setting, a new one gets 1. */
  readonly replicas?: number;
  /**
   * Interval of this relay's heartbeats in milliseconds, at least 20. Other relays declare it dead after five missed
   * heartbeats. Default: 1,000.
   */
  readonly heartbeatMs?: number;
  /** Aborts the wait for the engine. */
  readonly signal?: AbortSignal;
  /** Called at most once, if the engine is unreachable while the room is opened. Later warnings come from the relay. */
  readonly onWarning?: (warning: MiniServError) => void;
  /** The clock of timers and timeouts, for tests. Default: the system's. */
  readonly clock?: Clock;
}

const NAMES: Record<keyof RoomOptions, true> = {
  timeoutMs: true,
  retention: true,
  replicas: true,
  heartbeatMs: true,
  signal: true,
  onWarning: true,
  clock: true,
  user: true,
  pass: true,
  token: true,
  nkey: true,
  creds: true,
  ca: true,
  cert: true,
  key: true,
};

/** @throws {MiniServError} ERR_OPTION */
export function checkRoomOptions(options: RoomOptions): void {
  checkNames(options, Object.keys(NAMES));
  const { timeoutMs, retention, replicas, heartbeatMs, signal, ...others } = options;
  checkTime('timeoutMs', timeoutMs, 1);
  checkTime('heartbeatMs', heartbeatMs, 20);
  if (retention !== undefined) checkRetention(retention);
  if (replicas !== undefined && !isWithin(replicas, 1, 5)) {
    throw optionError('replicas', 'an integer from 1 to 5', replicas);
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw optionError('signal', 'an AbortSignal', signal);
  }
  const { user, pass, token, nkey, creds, ca, cert, key, onWarning } = others;
  for (const [name, value] of Object.entries({ user, pass, token, nkey, creds, ca, cert, key })) {
    // The value may be a secret, so the message names only its type.
    if (value !== undefined && typeof value !== 'string') {
      throw new MiniServError('ERR_OPTION', `${name}: expected a string, got ${typeof value}`);
    }
  }
  if (onWarning !== undefined && typeof onWarning !== 'function') {
    throw optionError('onWarning', 'a function', onWarning);
  }
}

/**
 * @param min in milliseconds
 * @throws {MiniServError} ERR_OPTION
 */
export function checkTime(name: string, value: unknown, min: number): void {
  if (value !== undefined && !isWithin(value, min, MAX_TIMER_MS)) {
    throw optionError(name, `an integer of at least ${min} (milliseconds)`, value);
  }
}

function checkRetention(retention: unknown): void {
  const { ms, bytes } = (retention ?? {}) as { ms?: unknown; bytes?: unknown };
  const isTime = bytes === undefined && isWithin(ms, MIN_RETENTION.ms, MAX_RETENTION_MS);
  const isSize = ms === undefined && isWithin(bytes, MIN_RETENTION.bytes);
  if (isTime || isSize) return;
  const expected = `{ ms } of at least ${MIN_RETENTION.ms} or { bytes } of at least ${MIN_RETENTION.bytes}`;
  throw optionError('retention', expected, retention);
}

function isWithin(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
