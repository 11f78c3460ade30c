import type { Clock } from '../../util/environment.js';
import { type MiniServError, optionError } from '../../util/errors.js';
import { checkNames, isObject } from '../../util/option-names.js';
import { checkTime } from '../options.js';
import type { Engine } from './engine.js';
import { isInstanceId } from './record.js';

/** Options of {@link joinRoom}. */
export interface SharedLogOptions {
  /** Stores the room. The log closes it. */
  readonly engine: Engine;
  /** The clock of timers and timeouts, for tests. Default: the system's. */
  readonly clock?: Clock;
  /**
   * Interval of this relay's heartbeats in milliseconds, at least 1. Other relays declare it dead after five missed
   * heartbeats. Default: 1,000.
   */
  readonly heartbeatMs?: number;
  /** How long the engine may be unreachable before the room is given up, in milliseconds. Default: forever. */
  readonly timeoutMs?: number | undefined;
  /**
   * Identifies this run of the process; must never have been used before. At most 48 printable ASCII characters, without
   * `"` and `\`. Default: a random string.
   */
  readonly instanceId?: string;
  /** Names the engine in messages. Default: `the engine`. */
  readonly name?: string;
  /** Called if the engine is unreachable while the room is joined. Later warnings come from the relay. */
  readonly onWarning?: (warning: MiniServError) => void;
}

const NAMES: Record<keyof SharedLogOptions, true> = {
  engine: true,
  clock: true,
  heartbeatMs: true,
  timeoutMs: true,
  instanceId: true,
  name: true,
  onWarning: true,
};

/** @throws {MiniServError} ERR_OPTION */
export function checkSharedLogOptions(options: SharedLogOptions): void {
  checkNames(options, Object.keys(NAMES));
  const { engine, heartbeatMs, timeoutMs, instanceId, onWarning } = options;
  if (!isObject(engine)) throw optionError('engine', 'an Engine', engine);
  checkTime('heartbeatMs', heartbeatMs, 1);
  checkTime('timeoutMs', timeoutMs, 1);
  if (instanceId !== undefined && !isInstanceId(instanceId)) {
    throw optionError('instanceId', '1 to 48 printable ASCII characters without " and \\', instanceId);
  }
  if (onWarning !== undefined && typeof onWarning !== 'function') {
    throw optionError('onWarning', 'a function', onWarning);
  }
}
