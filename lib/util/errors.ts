import { inspect } from 'node:util';

/**
 * The stable codes of {@link MiniServError}. Messages may change between versions; codes do not.
 *
 * | code | meaning |
 * | --- | --- |
 * | `ERR_LINE_TOO_LONG` | a client exceeded `maxLine` and was disconnected |
 * | `ERR_TRANSFORM` | a transform failed; its client was disconnected, or goes on without it |
 * | `ERR_TRANSFORM_MODULE` | a transform's module cannot be used: missing, broken, or not what it should be |
 * | `ERR_REFUSED` | a transform refused its client, which was disconnected |
 * | `ERR_ACCEPT` | the listening socket reported an error after it had begun to listen |
 * | `ERR_SPILL_FULL` | no more room for spilled segments: senders wait |
 * | `ERR_SPILL_READ` | a spilled segment could not be read back; the readers that needed it were ended |
 * | `ERR_SPILL_TMPFS` | the spill directory is held in memory (tmpfs) |
 * | `ERR_TRANSCRIPT` | a transcript cannot be written for now, or again, or is given up, or is not whole |
 * | `ERR_ROOM_UNREACHABLE` | the engine that carries the room is out of reach: all wait until it is back |
 * | `ERR_ROOM_DOWN` | the room has gone on without this relay, which it took for dead: the relay closes |
 * | `ERR_ROOM_TIMEOUT` | the engine was out of reach for as long as was allowed: the relay closes |
 * | `ERR_ROOM_FOREIGN` | what the engine has under the room's name is not the room, or not that of before |
 * | `ERR_ROOM_GAP` | the engine has lost records of the room, or no longer keeps them |
 * | `ERR_ROOM_REFUSED` | the engine refuses: credentials, permissions, limits |
 * | `ERR_ROOM_PACKAGES` | the packages that an engine needs are not installed |
 * | `ERR_OPTION` | an option has a value that it cannot have |
 * | `ERR_INVARIANT` | a check of mini-serv's own failed, which is a bug in it: the process ends |
 * | `ERR_STATE` | the call does not fit the relay's state (closed, or listening already) |
 */
export type ErrorCode =
  | 'ERR_LINE_TOO_LONG'
  | 'ERR_TRANSFORM'
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

/** An ERR_OPTION that says what was expected of an option and what was found. */
export function optionError(name: string, expected: string, got: unknown): MiniServError {
  return new MiniServError('ERR_OPTION', `${name}: expected ${expected}, got ${inspect(got)}`);
}

/** The base of every error that mini-serv itself makes. */
export class MiniServError extends Error {
  override readonly name = 'MiniServError';
  readonly code: ErrorCode;
  /** The id of the client concerned, where it is one client's matter. */
  readonly client: number | undefined;
  /** The name of the transform concerned, where it has one. */
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
