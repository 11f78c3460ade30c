import type { Clock } from '../util/environment.js';
import { invariant } from '../util/invariant.js';
import type { Reader } from './reader.js';

export interface FlowControlOptions {
  readonly clock: Clock;
  /** How far behind, in bytes, a reader that makes progress may be before senders wait for it. */
  readonly windowBytes: number;
  /** How far behind, in bytes, one that hesitates may be: what memory can well hold. */
  readonly slowWindowBytes: number;
  /** Whether the log can take no more at all. */
  readonly isFull: () => boolean;
}

/** How often waiting senders look whether a reader has stalled, in ms. */
const LOOK = 50;

interface Waiting {
  readonly client: number;
  readonly resume: () => void;
}

/**
 * When a sender is asked to wait: while all readers that make progress are more than a window behind, for then
 * the fan-out itself is the bottleneck, and reading more would only turn network into disk; or while the log can
 * take no more. A reader that has stopped is never a reason to wait (one that only hesitates is, before its lag
 * would go to disk), nor is one of a client that has left, or a sender's own, for whom what is said is no
 * work. What transcripts can carry counts only where no client's reader makes progress.
 */
export class FlowControl {
  readonly clientReaders = new Set<Reader>();
  readonly outputReaders = new Set<Reader>();
  readonly #options: FlowControlOptions;
  #waiting: Waiting[] = [];
  /** The reader that let the last sender pass: most likely it will let the next one pass, too. */
  #lead: Reader | null = null;
  #cancelLook: (() => void) | null = null;
  #open = false;
  #rechecking = false;

  constructor(options: FlowControlOptions) {
    this.#options = options;
  }

  /** How many senders wait. */
  get waitingSenders(): number {
    return this.#waiting.length;
  }

  /** Calls back when this client may say more: at once, or when it has waited. */
  throttle(client: number, resume: () => void): void {
    if (this.#mayPass(client)) {
      resume();
      return;
    }
    this.#waiting.push({ client, resume });
    this.#cancelLook ??= this.#options.clock.setTimer(LOOK, this.#look);
  }

  /** A reader has taken a block: if it keeps up now, those who waited for it may go on. */
  readonly onReaderProgress = (reader: Reader): void => {
    if (this.#waiting.length > 0 && reader.lagBytes <= this.#options.windowBytes) this.recheck();
  };

  /**
   * Lets all go on that may, in a moment: what woke them is in the middle of its own work, which what they say
   * must not come between.
   */
  recheck(): void {
    if (this.#waiting.length === 0 || this.#rechecking) return;
    this.#rechecking = true;
    queueMicrotask(this.#resume);
  }
  readonly #resume = (): void => {
    this.#rechecking = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { client, resume } of waiting) this.throttle(client, resume);
    if (this.#waiting.length > 0) {
      invariant(!this.#open && this.#cancelLook !== null, 'a sender waits, and nobody will look at it again');
      return;
    }
    this.#cancelLook?.();
    this.#cancelLook = null;
  };

  /** Nobody waits any more: the senders have been cut off, and what they have said must come through. */
  disable(): void {
    this.#open = true;
    this.recheck();
  }

  readonly #look = (): void => {
    this.#cancelLook = null;
    this.recheck();
  };

  #mayPass(client: number): boolean {
    if (this.#open) return true;
    if (this.#options.isFull()) return false;
    const { clock, windowBytes: window, slowWindowBytes } = this.#options;
    const now = clock.now();
    const lead = this.#lead;
    if (
      lead !== null &&
      this.clientReaders.has(lead) &&
      lead.lagBytes <= window &&
      this.#counts(lead, client, now)
    ) {
      return true;
    }
    for (const readers of [this.clientReaders, this.outputReaders]) {
      let behind = false;
      for (const reader of readers) {
        if (!this.#counts(reader, client, now)) continue;
        if (reader.lagBytes <= (reader.progress(now) === 'going' ? window : slowWindowBytes)) {
          this.#lead = reader;
          return true;
        }
        behind = true;
      }
      if (behind) return false;
    }
    return true;
  }

  /** Whether a reader may be waited for: one that has stopped may not, nor one for whom this client's words are not. */
  #counts(reader: Reader, client: number, now: number): boolean {
    return reader.owner !== client && !reader.isFinishing && reader.progress(now) !== 'stopped';
  }
}
