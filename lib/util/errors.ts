import { inspect } from 'node:util';
import { isPlainObject } from './plain-object.js';
import { tryCall } from './try-call.js';

/**
 * The codes of {@link MiniServError}. Codes are stable; messages may change between versions.
 *
 * | code | meaning |
 * | --- | --- |
 * | `ERR_LINE_TOO_LONG` | a client sent a line longer than `maxLineBytes` and was disconnected |
 * | `ERR_TRANSFORM` | a transform failed; its client was disconnected, or continues without the transform |
 * | `ERR_TRANSFORM_WARNING` | a transform reports a problem, such as a line that a program wrote to standard error; the client continues |
 * | `ERR_TRANSFORM_MODULE` | a transform module is missing, or does not export what it should |
 * | `ERR_REFUSED` | a transform rejected its client, which was disconnected |
 * | `ERR_ACCEPT` | the listening socket reported an error after it had started to listen |
 * | `ERR_SPILL_FULL` | the backlog cannot be written to disk; senders wait until there is space |
 * | `ERR_SPILL_READ` | the backlog of a reader cannot be read back from disk; the reader was ended |
 * | `ERR_SPILL_TMPFS` | the spill directory is on a tmpfs, where files take memory |
 * | `ERR_TRANSCRIPT` | a transcript cannot be written at present, is written again, was given up, or is incomplete |
 * | `ERR_ROOM_UNREACHABLE` | the engine of a shared room is unreachable, and the room is paused until it is back; or it was not reached before the end |
 * | `ERR_ROOM_DOWN` | another relay declared this relay dead, and the room continues without it; the relay closes |
 * | `ERR_ROOM_TIMEOUT` | the engine was unreachable for the whole `timeoutMs`; the relay closes |
 * | `ERR_ROOM_FOREIGN` | the data of the engine are not those of this room: another program wrote them, or records were lost; as a warning, what another program wrote was skipped |
 * | `ERR_ROOM_GAP` | the engine has lost records of the room, or no longer keeps them |
 * | `ERR_ROOM_REFUSED` | the engine refuses this relay because of its credentials, its permissions or a limit; as a warning, it refuses the snapshots of the room |
 * | `ERR_ROOM_PACKAGES` | the optional packages that the engine requires are not installed |
 * | `ERR_OPTION` | an option has an invalid value |
 * | `ERR_INVARIANT` | an internal check failed, which is a bug in mini-serv; the process ends |
 * | `ERR_STATE` | the relay is closed, or listens already; or the stream is a client already |
 */
export type ErrorCode =
  | 'ERR_LINE_TOO_LONG'
  | 'ERR_TRANSFORM'
  | 'ERR_TRANSFORM_WARNING'
  | 'ERR_TRANSFORM_MODULE'
  | 'ERR_REFUSED'
  | 'ERR_ACCEPT'
  | 'ERR_SPILL_FULL'
  | 'ERR_SPILL_READ'
  | 'ERR_SPILL_TMPFS'
  | 'ERR_TRANSCRIPT'
  | 'ERR_ROOM_UNREACHABLE'
  | 'ERR_ROOM_DOWN'
  | 'ERR_ROOM_TIMEOUT'
  | 'ERR_ROOM_FOREIGN'
  | 'ERR_ROOM_GAP'
  | 'ERR_ROOM_REFUSED'
  | 'ERR_ROOM_PACKAGES'
  | 'ERR_OPTION'
  | 'ERR_INVARIANT'
  | 'ERR_STATE';

/** Creates an ERR_OPTION error with the expected and the given value of an option. */
export function optionError(name: string, expected: string, got: unknown): MiniServError {
  return new MiniServError('ERR_OPTION', `${name}: expected ${expected}, got ${describe(got)}`);
}

const MAX_DESCRIPTION_CHARACTERS = 80;

/** A value as error messages show it, on one line and shortened: `'hello'`, `{ a: 1 }`, `[class Shout]`. */
export function describe(value: unknown): string {
  const isSimple = tryCall(() => Array.isArray(value) || isPlainObject(value)) === true;
  // The fields of other objects, such as streams, are internals that explain nothing.
  const depth = isSimple ? 0 : -1;
  const options = { depth, customInspect: false, breakLength: Number.POSITIVE_INFINITY };
  const text = tryCall(() => inspect(value, options)) ?? `a broken ${typeof value}`;
  // The stack of an error has more lines.
  const [line = ''] = text.split('\n', 1);
  return line.length > MAX_DESCRIPTION_CHARACTERS ? `${line.slice(0, MAX_DESCRIPTION_CHARACTERS)}…` : line;
}

/**
 * An error of mini-serv itself. Errors of the system are passed on as they are, or as the `cause`.
 *
 * @example
 * ```js
 * try {
 *   createRelay({ graceMs: -1 });
 * } catch ({ code, message }) {
 *   console.error(code, message); // ERR_OPTION graceMs: expected an integer from 0 to 2147483647, got -1
 * }
 * ```
 */
export class MiniServError extends Error {
  override readonly name = 'MiniServError';
  /** Identifies the kind of error. */
  readonly code: ErrorCode;
  /** The id of the client that the error concerns; undefined if it concerns no single client. */
  readonly client: number | undefined;
  /** The name of the transform that failed, if it has a name. */
  readonly transform: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    details: { client?: number; transform?: string; cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.client = details.client;
    this.transform = details.transform;
  }
}
