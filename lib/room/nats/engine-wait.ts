import type { Clock } from '../../util/environment.js';
import type { MiniServError } from '../../util/errors.js';
import { timeoutError, unreachableError } from '../shared/outage.js';

export interface EngineWaitOptions {
  readonly clock: Clock;
  /** Names the engine in messages. */
  readonly name: string;
  /** How long to wait at most, in milliseconds; undefined for forever. */
  readonly timeoutMs: number | undefined;
  readonly onWarning: (warning: MiniServError) => void;
}

/** The wait for an engine that is unreachable when a room is opened. Warns once, and ends after the timeout. */
export class EngineWait {
  readonly #options: EngineWaitOptions;
  readonly #startedAt: number;
  #hasWarned = false;

  constructor(options: EngineWaitOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
  }

  /**
   * Waits before the next attempt.
   *
   * @param error of the failed attempt
   * @throws {MiniServError} ERR_ROOM_TIMEOUT
   */
  async beforeRetry(delayMs: number, error: Error): Promise<void> {
    const { clock, name, timeoutMs = Number.POSITIVE_INFINITY } = this.#options;
    if (clock.now() - this.#startedAt >= timeoutMs) throw timeoutError(name, timeoutMs, error);
    this.warn(unreachableError(name, error));
    await new Promise<void>((resolve) => clock.setTimer(Math.min(delayMs, timeoutMs), resolve));
  }

  /** Passes on the first warning only, because the later ones say the same. */
  warn(warning: MiniServError): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.onWarning(warning);
  }
}
