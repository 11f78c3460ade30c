import { constants } from 'node:buffer';
import type { EventLog } from '../room/event-log.js';
import { isMessageTransform, type MessageTransform } from '../transforms/transform.js';
import { isAbortSignal } from '../util/abort-signal.js';
import { type Environment, MAX_TIMER_MS, nodeEnvironment } from '../util/environment.js';
import { optionError } from '../util/errors.js';
import { checkNames, isObject } from '../util/option-names.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Options of {@link createRelay}. An option that is not listed here, or has an invalid value, is rejected with ERR_OPTION.
 *
 * @example
 * const small = createRelay({ memoryBytes: 8 * 1024 * 1024, maxLineBytes: 64 * 1024, maxClients: 100 });
 * await small.close();
 */
export interface RelayOptions {
  /** Transforms for the messages of each client, applied in this order. Default: none. */
  readonly transforms?: readonly MessageTransform[];
  /**
   * Treatment of a client whose transform fails. `close`: the client is disconnected. `bypass`: the client continues
   * without that transform, and messages that the transform has not answered pass unchanged. Default: `close`.
   */
  readonly onTransformError?: 'close' | 'bypass';
  /**
   * Maximum length of a line in bytes, without its newline. A client that sends a longer line is disconnected. Default:
   * 64 MiB. Maximum: 256 MiB.
   */
  readonly maxLineBytes?: number;
  /** Bytes of the log that are kept in memory before the oldest part is written to disk. Default: 64 MiB. */
  readonly memoryBytes?: number;
  /** Directory for the part of the log that is written to disk. Default: the system's temporary directory. */
  readonly spillDir?: string;
  /**
   * Maximum size of the log on disk in bytes; at this limit, senders wait. Default: as much as
   * leaves 10 % of the file system, or 1 GiB, free.
   */
  readonly spillLimitBytes?: number;
  /** Bytes that every reader that makes progress must lag behind before senders wait for readers. Default: 2 MiB. */
  readonly windowBytes?: number;
  /** Time limit of `close()` for delivering what clients and streams are owed, in milliseconds. Default: 2,000. */
  readonly graceMs?: number;
  /** Maximum number of clients. Default: as many as the limit of file descriptors allows, less a reserve. */
  readonly maxClients?: number;
  /**
   * The order of a room that is shared with other relays, as returned by {@link openRoom}. The relay closes it. Default: a
   * room of this relay alone.
   */
  readonly room?: EventLog;
  /** Closes the relay when aborted. */
  readonly signal?: AbortSignal;
  /** Size of a segment, the unit in which the log is stored and freed, in bytes. Default: 512 KiB. */
  readonly segmentBytes?: number;
  /** Clock and file system for simulations. Default: the real ones. */
  readonly environment?: Partial<Environment>;
}

export interface CheckedOptions {
  readonly transforms: readonly MessageTransform[];
  readonly onTransformError: 'close' | 'bypass';
  readonly maxLineBytes: number;
  readonly memoryBytes: number;
  readonly spillDir: string | undefined;
  readonly spillLimitBytes: number | undefined;
  readonly windowBytes: number;
  readonly graceMs: number;
  readonly maxClients: number | undefined;
  readonly room: EventLog | undefined;
  readonly signal: AbortSignal | undefined;
  readonly segmentBytes: number;
  readonly environment: Environment;
}

/** The largest `maxLineBytes`. A line and its prefix are one string, which must stay well below V8's maximum. */
const MAX_LINE_BYTES = Math.min(256 * MIB, Math.floor(constants.MAX_STRING_LENGTH * 0.6));

interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const RULES: Record<keyof RelayOptions, Rule> = {
  transforms: {
    expected: 'an array of message functions, async generator functions or objects with createStream(client)',
    accepts: (value) => Array.isArray(value) && value.every(isMessageTransform),
  },
  onTransformError: {
    expected: "'close' or 'bypass'",
    accepts: (value) => value === 'close' || value === 'bypass',
  },
  maxLineBytes: integer(1, MAX_LINE_BYTES),
  memoryBytes: integer(0),
  spillDir: {
    expected: 'the path of a directory',
    accepts: (value) => typeof value === 'string' && value !== '',
  },
  spillLimitBytes: integer(0),
  windowBytes: integer(1),
  graceMs: integer(0, MAX_TIMER_MS),
  maxClients: integer(1),
  room: {
    expected: 'what openRoom() returns',
    accepts: (value) => isObject(value) && 'append' in value && 'read' in value,
  },
  signal: { expected: 'an AbortSignal', accepts: isAbortSignal },
  segmentBytes: integer(16, 1024 * MIB),
  environment: { expected: 'an object', accepts: isObject },
};

/** @throws {MiniServError} ERR_OPTION */
export function checkOptions(options: RelayOptions): CheckedOptions {
  checkNames(options, Object.keys(RULES));
  for (const [name, { expected, accepts }] of Object.entries(RULES)) {
    const value = options[name as keyof RelayOptions];
    if (value !== undefined && !accepts(value)) throw optionError(name, expected, value);
  }
  return {
    transforms: [...(options.transforms ?? [])],
    onTransformError: options.onTransformError ?? 'close',
    maxLineBytes: options.maxLineBytes ?? 64 * MIB,
    memoryBytes: options.memoryBytes ?? 64 * MIB,
    spillDir: options.spillDir,
    spillLimitBytes: options.spillLimitBytes,
    windowBytes: options.windowBytes ?? 2 * MIB,
    graceMs: options.graceMs ?? 2000,
    maxClients: options.maxClients,
    room: options.room,
    signal: options.signal,
    segmentBytes: options.segmentBytes ?? 512 * KIB,
    environment: { ...nodeEnvironment, ...options.environment },
  };
}

function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Rule {
  return {
    expected: `an integer from ${min} to ${max}`,
    accepts: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}
