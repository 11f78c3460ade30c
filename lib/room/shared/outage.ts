import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';

export interface OutageOptions {
  readonly clock: Clock;
  readonly name: string;
  /** How long is waited before all is given up, in ms. */
  readonly timeout: number | undefined;
  readonly away: (reason: MiniServError) => void;
  readonly back: () => void;
  readonly lost: (reason: MiniServError) => void;
}

/** Why the engine is out of reach. */
export type Cause = 'connection' | 'publishing' | 'beats';

/** Whether the engine is out of reach, for whatever reasons; said once when it begins, and once when it ends. */
export class Outage {
  readonly #options: OutageOptions;
  readonly #causes = new Map<Cause, Error>();
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  get now(): boolean {
    return this.#causes.size > 0;
  }

  is(cause: Cause, reason: Error): void {
    if (this.#stopped) return;
    const begins = !this.now;
    this.#causes.set(cause, reason);
    if (!begins) return;
    const { clock, timeout, lost, name } = this.#options;
    this.say();
    if (timeout === undefined) return;
    this.#cancel = clock.setTimer(timeout, () => {
      const message = `${name} was out of reach for ${timeout / 1000} s`;
      lost(new MiniServError('ERR_ROOM_TIMEOUT', message));
    });
  }

  isNot(cause: Cause): void {
    if (!this.#causes.delete(cause) || this.now || this.#stopped) return;
    this.#cancel();
    this.#options.back();
  }

  say(): void {
    const [cause] = this.#causes.values();
    const message = `${this.#options.name} is out of reach${cause === undefined ? '' : ` (${cause.message})`}: all wait until it is back`;
    this.#options.away(new MiniServError('ERR_ROOM_UNREACHABLE', message, { cause }));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }
}
