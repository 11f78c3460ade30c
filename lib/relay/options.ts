import { constants } from 'node:buffer';
import type { EventLog } from '../room/event-log.js';
import type { TransformFactory } from '../transforms/factory.js';
import { type Environment, nodeEnvironment } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What {@link createRelay} takes. Sizes are in bytes, times in milliseconds. */
export interface RelayOptions {
  /** Applied to each client's messages, in this order. Default: none. */
  readonly transforms?: readonly TransformFactory[];
  /**
   * What becomes of a client whose transform fails. `close`: it is disconnected. `bypass`: it goes on without that
   * transform, and what that had not answered goes on as it was. Default: close.
   */
  readonly onTransformError?: 'close' | 'bypass';
  /** The longest line, without its newline; who exceeds it is disconnected. Default 64 MiB, at most 256 MiB. */
  readonly maxLineBytes?: number;
  /** How much of the log may be in memory before the oldest part is written to disk. Default 64 MiB. */
  readonly memoryBytes?: number;
  /** Where spilled segments go. Default: the system's temporary directory. */
  readonly spillDir?: string;
  /** The most that may be on disk. Default: what leaves 10 % of the file system, or 1 GiB, free. */
  readonly spillLimitBytes?: number;
  /** How far behind a reader that makes progress may be before senders wait for it. Default 2 MiB. */
  readonly windowBytes?: number;
  /** How long `close()` may take to deliver what is owed. Default 2,000 ms. */
  readonly graceMs?: number;
  /** The most clients at a time. Default: what the limit of file descriptors allows, less a reserve. */
  readonly maxClients?: number;
  /**
   * What gives the room its one order: `await openRoom('nats://host:4222/lobby')`, for a room that this relay shares
   * with others; the relay closes it. Default: the embedded log, for a room of its own.
   */
  readonly room?: EventLog;
  /** Closes the relay when aborted. */
  readonly signal?: AbortSignal;
  /** The size of a segment, in bytes. Default 512 KiB. */
  readonly segmentBytes?: number;
  /** Clock and file system, for simulations. Default: the real ones. */
  readonly environment?: Partial<Environment>;
}

export interface CheckedOptions {
  readonly transforms: readonly TransformFactory[];
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

/** A line is one string, and so is its prefix with it: it must stay well below the longest that there can be. */
const LONGEST_LINE = Math.min(256 * MIB, Math.floor(constants.MAX_STRING_LENGTH * 0.6));
const NAMES: ReadonlySet<string> = new Set([
  'transforms',
  'onTransformError',
  'maxLineBytes',
  'memoryBytes',
  'spillDir',
  'spillLimitBytes',
  'windowBytes',
  'graceMs',
  'maxClients',
  'room',
  'signal',
  'segmentBytes',
  'environment',
] satisfies (keyof RelayOptions)[]);

/** @throws {MiniServError} ERR_OPTION, naming the option, what it may be and what it is */
export function checkOptions(options: RelayOptions): CheckedOptions {
  if (!isObject(options) || Array.isArray(options)) refuse('the options must be an object');
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) refuse(`there is no option '${name}'`);
  }
  const most = Number.MAX_SAFE_INTEGER;
  const { transforms = [], onTransformError = 'close', spillDir, room, signal, environment: world } = options;
  if (!Array.isArray(transforms) || transforms.some((factory) => typeof factory !== 'function')) {
    refuse('transforms must be an array of functions');
  }
  if (onTransformError !== 'close' && onTransformError !== 'bypass') {
    refuse(`onTransformError must be 'close' or 'bypass', and is ${String(onTransformError)}`);
  }
  if (spillDir !== undefined && (typeof spillDir !== 'string' || spillDir === '')) {
    refuse('spillDir must be the path of a directory');
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    refuse('signal must be an AbortSignal');
  }
  if (room !== undefined && !(isObject(room) && 'append' in room && 'read' in room)) {
    refuse('room must be what openRoom gives');
  }
  if (world !== undefined && !isObject(world)) refuse('environment must be an object');
  return {
    transforms: [...transforms],
    onTransformError,
    maxLineBytes: integer('maxLineBytes', options.maxLineBytes ?? 64 * MIB, 1, LONGEST_LINE),
    memoryBytes: integer('memoryBytes', options.memoryBytes ?? 64 * MIB, 0, most),
    spillDir,
    spillLimitBytes: optional('spillLimitBytes', options.spillLimitBytes, 0, most),
    windowBytes: integer('windowBytes', options.windowBytes ?? 2 * MIB, 1, most),
    graceMs: integer('graceMs', options.graceMs ?? 2000, 0, 2 ** 31 - 1),
    maxClients: optional('maxClients', options.maxClients, 1, most),
    room,
    signal,
    segmentBytes: integer('segmentBytes', options.segmentBytes ?? 512 * KIB, 16, 1024 * MIB),
    environment: { ...nodeEnvironment, ...world },
  };
}

function integer(name: keyof RelayOptions, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  return refuse(`${name} must be an integer from ${least} to ${most}, and is ${String(value)}`);
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Accepts the AbortSignal of another realm or of a polyfill, which `instanceof` does not. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return isObject(value) && 'aborted' in value && 'addEventListener' in value;
}

function refuse(message: string): never {
  throw new MiniServError('ERR_OPTION', message);
}

function optional(
  name: keyof RelayOptions,
  value: number | undefined,
  least: number,
  most: number,
): number | undefined {
  return value === undefined ? undefined : integer(name, value, least, most);
}
