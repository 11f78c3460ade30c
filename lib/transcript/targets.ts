import type { Formatter, Note } from '../protocol/formatter.js';
import type { Sink } from '../sinks/sink.js';
import type { Clock } from '../util/environment.js';
import { NoteQueue } from './note-queue.js';

/** The destination of a transcript, and how the transcript continues there. */
export interface Target {
  readonly sink: Sink;
  /** Sequence number of the next record, where records are numbered. Default 0. */
  readonly seq?: number;
  /** Whether the last line in the destination has no newline. */
  readonly midLine?: boolean;
  /** Notes to record before the first message. */
  readonly notes?: readonly Note[];
}

export interface TargetsOptions {
  readonly target: Target;
  readonly formatter: Formatter;
  /** Whether a `closed` record marks the end, in formats that have such a record. */
  readonly marksEnd: boolean;
  readonly clock: Clock;
}

/** The present target of a transcript, and the next one, to which the transcript moves at the end of a line. */
export class Targets {
  readonly queue = new NoteQueue();
  readonly #options: TargetsOptions;
  #present: Target;
  #next: Target | null = null;
  /** Resolves when the targets before the present one are closed. */
  #previousEnd: Promise<void> = Promise.resolve();
  #hasWritten = false;

  constructor(options: TargetsOptions) {
    this.#options = options;
    this.#present = options.target;
    this.#use(options.target);
  }

  get hasNext(): boolean {
    return this.#next !== null;
  }

  /** Whether the present target's write has failed and is being retried. */
  get isRetrying(): boolean {
    return this.#present.sink.isRetrying;
  }

  get previousEnd(): Promise<void> {
    return this.#previousEnd;
  }

  write(...[chunks, done]: Parameters<Sink['write']>): void {
    this.#hasWritten = true;
    this.#present.sink.write(chunks, done);
  }

  /** Sets the next target, or none. A next target that was set before is closed. */
  setNext(target: Target | null): void {
    void this.#next?.sink.destroy();
    this.#next = target;
  }

  /** Switches to the next target, if there is one, unless the present one has an unfinished line. */
  switch(): void {
    if (this.#next === null || this.#options.formatter.isMidLine) return;
    // An audit that lacks its last record was not closed, which `verify` reports.
    const ended = this.#end('').catch(() => {});
    this.#previousEnd = Promise.all([this.#previousEnd, ended]).then(() => {});
    this.useNext();
  }

  /** Moves to the next target without closing the present one. */
  useNext(): void {
    if (this.#next !== null) this.#use(this.#next);
    this.#next = null;
  }

  /**
   * Closes the present target after its last write.
   *
   * @param queued text to write before that
   * @returns a promise that rejects if the text, or the `closed` record, cannot be written
   */
  async end(queued: string): Promise<void> {
    this.setNext(null);
    await this.#previousEnd;
    await this.#end(queued);
  }

  /** Closes the present target at once. Returns how many bytes of the write in flight are written. */
  destroy(): Promise<number> {
    return this.#present.sink.destroy();
  }

  #use(target: Target): void {
    this.#present = target;
    this.#hasWritten = false;
    this.#options.formatter.seq = target.seq ?? 0;
    this.queue.use(target);
  }

  async #end(queued: string): Promise<void> {
    const { formatter, marksEnd, clock } = this.#options;
    let last = queued === '' && this.#hasWritten ? this.queue.lineEnd : queued;
    if (marksEnd && (this.#hasWritten || queued !== '')) {
      last += formatter.formatNote({ event: 'closed' }, clock.date());
    }
    await this.#present.sink.end(last === '' ? undefined : Buffer.from(last));
  }
}
