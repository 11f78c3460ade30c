import type { Clock } from '../../util/environment.js';

/** After so many silent beats a relay is taken for dead. */
const SILENT = 5;
/** A turn of the clock that is so many times too long says that this relay itself was not there. */
const LAG = 2;
/** So many of one's own beats may be outstanding before the engine counts as out of reach. */
const ECHO = 3;

export interface FailureDetectorOptions {
  readonly clock: Clock;
  readonly epoch: string;
  /** How often a beat is sent, in ms. */
  readonly every: number;
  readonly send: (beat: Uint8Array) => void;
  /** The runs of which the log knows and not that they ended. */
  readonly epochs: () => Iterable<string>;
  /** Whether the engine is out of reach, as far as others know. */
  readonly away: () => boolean;
  readonly accuse: (epoch: string) => void;
  /** One's own beats do not come back, or do again. */
  readonly deaf: (deaf: boolean) => void;
}

/**
 * Who is alive. Each relay sends beats, outside the log; one of which nothing has come for some beats is accused.
 * Only a relay that can tell accuses: its own beats come back to it, its connection stands, and its own timers went
 * on in time. One that had been stopped, or cut off, begins to count anew.
 */
export class FailureDetector {
  readonly #options: FailureDetectorOptions;
  /** Of each run, in beats of ours: how long nothing has come of it. */
  readonly #silent = new Map<string, number>();
  /** How often those send theirs that are slower than we, in ms. */
  readonly #pace = new Map<string, number>();
  readonly #accused = new Set<string>();
  #unheard = 0;
  #last: number;
  #cancel: () => void = () => {};

  constructor(options: FailureDetectorOptions) {
    this.#options = options;
    this.#last = options.clock.now();
    this.#wait();
    this.#send();
  }

  /** A beat has come. */
  beat(bytes: Uint8Array): void {
    let beat: { epoch?: unknown; every?: unknown } | null;
    try {
      beat = JSON.parse(Buffer.from(bytes).toString('latin1')) as typeof beat;
    } catch {
      return;
    }
    const { epoch, every } = beat ?? {};
    if (typeof epoch !== 'string' || typeof every !== 'number') return;
    if (epoch === this.#options.epoch) {
      if (this.#unheard >= ECHO) this.#options.deaf(false);
      this.#unheard = 0;
      return;
    }
    this.#pace.set(epoch, every);
    this.alive(epoch);
  }

  /** Something has come of it. */
  alive(epoch: string): void {
    this.#silent.set(epoch, 0);
  }

  stop(): void {
    this.#cancel();
  }

  #wait(): void {
    const { clock, every } = this.#options;
    this.#cancel = clock.setTimer(every, () => {
      this.#wait();
      this.#look();
    });
  }

  #send(): void {
    const { epoch, every } = this.#options;
    this.#unheard++;
    this.#options.send(Buffer.from(JSON.stringify({ epoch, every })));
    if (this.#unheard === ECHO) this.#options.deaf(true);
  }

  #look(): void {
    const { clock, epoch: own, every, epochs, away, accuse } = this.#options;
    const now = clock.now();
    const lagged = now - this.#last > every * LAG;
    this.#last = now;
    // One beat may be on its way.
    const blind = lagged || away() || this.#unheard > 1;
    this.#send();
    const living = new Set(epochs());
    for (const map of [this.#silent, this.#pace, this.#accused]) {
      for (const epoch of map.keys()) if (!living.has(epoch)) map.delete(epoch);
    }
    if (blind) {
      // They were cut off as well, perhaps, and may need a while to come back.
      for (const epoch of living) this.#silent.set(epoch, -SILENT);
      return;
    }
    for (const epoch of living) {
      if (epoch === own || this.#accused.has(epoch)) continue;
      const silent = (this.#silent.get(epoch) ?? 0) + 1;
      this.#silent.set(epoch, silent);
      if (silent * every <= SILENT * Math.max(every, this.#pace.get(epoch) ?? 0)) continue;
      this.#accused.add(epoch);
      accuse(epoch);
    }
  }
}
