import { formatDuration } from '../../util/duration.js';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';

export interface AnswerTimerOptions {
  readonly clock: Clock;
  /** Names the engine in the error. */
  readonly name: string;
  /** How long to wait for each answer, in milliseconds; undefined for forever. */
  readonly timeoutMs: number | undefined;
}

/** Limits how long an engine may take for each answer. */
export class AnswerTimer {
  /** Rejects with ERR_ROOM_TIMEOUT when an answer takes too long. */
  readonly expired: Promise<never>;
  /** Why the engine cannot be reached, if that is known. */
  problem: Error | undefined;
  readonly #options: AnswerTimerOptions;
  readonly #controller = new AbortController();
  #reject: (error: MiniServError) => void = () => {};
  #answeredAt: number;
  #isPaused = false;
  #cancelTimer: () => void = () => {};

  constructor(options: AnswerTimerOptions) {
    this.#options = options;
    this.#answeredAt = options.clock.now();
    this.expired = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.expired.catch(() => {});
    if (options.timeoutMs !== undefined) this.#waitFor(options.timeoutMs, options.timeoutMs);
  }

  /** Aborted when an answer takes too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The engine has answered: the next answer may take as long again. */
  onAnswer(): void {
    this.#isPaused = false;
    this.#answeredAt = this.#options.clock.now();
  }

  /** Stops the time until the next call of {@link onAnswer}, because no answer is expected. */
  pause(): void {
    this.#isPaused = true;
  }

  stop(): void {
    this.#cancelTimer();
  }

  /** Checks after `ms`. Nothing else is done for an answer, because there is one for each record. */
  #waitFor(ms: number, timeoutMs: number): void {
    const { clock } = this.#options;
    this.#cancelTimer = clock.setTimer(ms, () => {
      const leftMs = this.#isPaused ? timeoutMs : this.#answeredAt + timeoutMs - clock.now();
      if (leftMs > 0) this.#waitFor(leftMs, timeoutMs);
      else this.#expire(timeoutMs);
    });
  }

  #expire(timeoutMs: number): void {
    const { problem } = this;
    const reason = problem === undefined ? '' : ` (${problem.message})`;
    const message = `${this.#options.name} did not answer within ${formatDuration(timeoutMs)}${reason}`;
    this.#reject(new MiniServError('ERR_ROOM_TIMEOUT', message, { cause: problem }));
    this.#controller.abort();
  }
}
