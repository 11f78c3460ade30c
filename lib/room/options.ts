import { inspect } from 'node:util';
import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';

/** How long, or how much, an engine keeps of a room: in ms, or in bytes. */
export type Retention = { readonly ms: number } | { readonly bytes: number };

/**
 * A log that holds no record takes none, and one that drops what is newer than the room's newest roster cannot be
 * joined: rosters are made at least every 5 s and 8 MiB, as long as something is said.
 */
export const LEAST = { ms: 10_000, bytes: 16 * 1024 * 1024 };
/** The engine counts a time in nanoseconds, of which it has this many ms. */
const MOST = 2 ** 63 / 1e6 - 1;

/** How a relay shows an engine who it is. What is secret stands in files, or comes from the environment. */
export interface Credentials {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** The path of a file with an nkey's seed. */
  readonly nkey?: string;
  /** The path of a credentials file, as `nsc` makes it. */
  readonly creds?: string;
  /** Paths of PEM files: the certificates to trust, and this relay's own with its key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** How a room is shared: see {@link openRoom}. Times are in milliseconds. */
export interface RoomOptions extends Credentials {
  /** How long the engine may be out of reach before the room is given up. Default: for ever. */
  readonly timeout?: number;
  /** What the engine keeps of the room: at least 10 s, or 16 MiB ({@link LEAST}). If the room is there and this is not given: what it did. Else 1 GiB. */
  readonly retention?: Retention;
  /** On how many servers the engine keeps the room. If the room is there and this is not given: as before. Else 1. */
  readonly replicas?: number;
  /** How often this relay shows that it lives; five that are missing are its end. Default 1,000. */
  readonly heartbeatMs?: number;
  /** Gives up to wait for the engine. */
  readonly signal?: AbortSignal;
  /** Told if the engine has to be waited for before the room is open; after that the relay tells it. */
  readonly warn?: (warning: MiniServError) => void;
  readonly clock?: Clock;
}

/** @throws {MiniServError} ERR_OPTION */
export function checkRoomOptions({
  timeout,
  retention: keep,
  replicas,
  heartbeatMs: beat,
  signal,
  ...others
}: RoomOptions): void {
  checkTime('timeout', timeout, 1);
  checkTime('beat', beat, 20);
  if (keep !== undefined) checkKeep(keep);
  if (replicas !== undefined && !isWithin(replicas, 1, 5)) {
    throw refusal('replicas must be a whole number from 1 to 5', replicas);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw refusal('signal must be an AbortSignal', signal);
  }
  const { user, pass, token, nkey, creds, ca, cert, key, warn } = others;
  for (const [name, value] of Object.entries({ user, pass, token, nkey, creds, ca, cert, key })) {
    // Without the value: it may be secret.
    if (value !== undefined && typeof value !== 'string') throw refusal(`${name} must be a string`);
  }
  if (warn !== undefined && typeof warn !== 'function') throw refusal('warn must be a function', warn);
}

function checkTime(name: string, value: unknown, least: number): void {
  if (value !== undefined && !isWithin(value, least, 2 ** 31 - 1)) {
    throw refusal(`${name} must be a whole number of milliseconds, ${least} or more`, value);
  }
}

function checkKeep(keep: unknown): void {
  const { ms, bytes } = (keep ?? {}) as { ms?: unknown; bytes?: unknown };
  if (bytes === undefined ? isWithin(ms, LEAST.ms, MOST) : ms === undefined && isWithin(bytes, LEAST.bytes))
    return;
  throw refusal(`keep must be { ms } of ${LEAST.ms} or more, or { bytes } of ${LEAST.bytes} or more`, keep);
}

function isWithin(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function refusal(message: string, ...values: unknown[]): MiniServError {
  const not = values.map(
    (value) => `, not ${inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })}`,
  );
  return new MiniServError('ERR_OPTION', `${message}${not.join('')}`);
}
