import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';

export interface OutageOptions {
  readonly clock: Clock;
  /** Names the engine in messages. */
  readonly name: string;
  /** How long the engine may be unreachable, in milliseconds; undefined for forever. */
  readonly timeoutMs: number | undefined;
  readonly onBegin: (reason: MiniServError) => void;
  readonly onEnd: () => void;
  readonly onTimeout: (reason: MiniServError) => void;
}

/** The sign by which an outage is known. Several can be present at the same time. */
export type OutageCause = 'connection' | 'publishing' | 'heartbeats';

/** Tracks whether an engine is unreachable. Reports the begin and the end of an outage once, whatever the causes. */
export class Outage {
  readonly #options: OutageOptions;
  readonly #causes = new Set<OutageCause>();
  #reason: MiniServError | undefined;
  #cancelTimer: () => void = () => {};
  #stopped = false;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#causes.size > 0;
  }

  /** The error of the current outage. */
  get reason(): MiniServError | undefined {
    return this.#reason;
  }

  begin(cause: OutageCause, error: Error): void {
    if (this.#stopped) return;
    const wasActive = this.isActive;
    this.#causes.add(cause);
    if (wasActive) return;
    const { clock, name, timeoutMs, onBegin, onTimeout } = this.#options;
    this.#reason = unreachableError(name, error);
    onBegin(this.#reason);
    if (timeoutMs === undefined) return;
    this.#cancelTimer = clock.setTimer(timeoutMs, () => onTimeout(timeoutError(name, timeoutMs, error)));
  }

  end(cause: OutageCause): void {
    if (!this.#causes.delete(cause) || this.isActive || this.#stopped) return;
    this.#reason = undefined;
    this.#cancelTimer();
    this.#options.onEnd();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }
}

export function unreachableError(name: string, cause: Error): MiniServError {
  const message = `${name} is unreachable (${cause.message}); the room is paused until the connection is back`;
  return new MiniServError('ERR_ROOM_UNREACHABLE', message, { cause });
}

export function timeoutError(name: string, timeoutMs: number, cause: Error): MiniServError {
  const message = `${name} was unreachable for ${timeoutMs / 1000} s, the room's timeout: ${cause.message}`;
  return new MiniServError('ERR_ROOM_TIMEOUT', message, { cause });
}
