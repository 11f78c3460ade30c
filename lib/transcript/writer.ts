import { createFormatter, type Format } from '../protocol/formats.js';
import type { Formatter, Note } from '../protocol/formatter.js';
import type { Sink } from '../sinks/sink.js';
import { byteLength, countLines, findLineEnd, takeBytes } from '../util/buffer-list.js';
import type { Clock } from '../util/environment.js';
import { type Block, beginBlock, createBlock, dropFirst, firstIncomplete } from './block.js';
import { type Gap, NoteQueue } from './note-queue.js';

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

export interface TranscriptWriterOptions {
  readonly format: Format | 'view';
  readonly target: Target;
  /** Position in the log of the first byte that will be written. */
  readonly position: number;
  /** Whether a `closed` record marks the end, in formats that have such a record. */
  readonly marksEnd: boolean;
  readonly clock: Clock;
}

/** Writes blocks of the log to a sink, in a format, and knows which lines the sink has. */
export class TranscriptWriter {
  /** When the sink last took something, by the clock's `now`. */
  lastProgress = 0;
  readonly #formatter: Formatter;
  readonly #marksEnd: boolean;
  readonly #clock: Clock;
  /** Position in the log up to which everything is written, recorded as missing, or with the formatter. */
  #position: number;
  #target: Target;
  #nextTarget: Target | null = null;
  /** Resolves when the targets before the present one are closed. */
  #previousEnd: Promise<void> = Promise.resolve();
  readonly #queue = new NoteQueue();
  #block: Block | null = null;
  #hasWritten = false;
  #isAborted = false;

  constructor({ format, target, position, marksEnd, clock }: TranscriptWriterOptions) {
    this.#formatter = createFormatter(format);
    this.#marksEnd = marksEnd;
    this.#clock = clock;
    this.#position = position;
    this.#target = target;
    this.#use(target);
  }

  get isWriting(): boolean {
    return this.#block !== null;
  }

  /** Writes a block; one at a time. An empty block writes only what is queued. */
  write(...[bytes, times, done]: Parameters<typeof createBlock>): void {
    this.lastProgress = this.#clock.now();
    this.#block = createBlock(bytes, times, done);
    this.#start(this.#block);
  }

  /**
   * Queues the record of a gap, which is written before the next block. A line that the gap cuts is missing as a whole.
   * Must not be called while a block is being written.
   */
  queueGap(gap: Gap): void {
    this.#position -= this.#formatter.openLineBytes;
    this.#queue.endLine(this.#formatter.abandonLine());
    this.#queue.addGap(gap);
  }

  /**
   * Continues in another target, from the next line on. A target whose write is being retried is left as it is, and
   * the lines that are not complete in it go to the next one.
   *
   * @returns how many bytes of a line are recorded as a gap, because its start is no longer available
   */
  async moveTo(next: Target): Promise<number> {
    void this.#nextTarget?.sink.destroy();
    this.#nextTarget = next;
    const block = this.#block;
    // A block without a newline may belong to a line that the present target has a part of.
    const canLeave = block !== null && !(block.isFormatting && findLineEnd(block.bytes, 1) === -1);
    if (canLeave && this.#target.sink.isRetrying) return this.#leaveTarget(block);
    if (block === null) this.#switchTarget();
    await this.#previousEnd;
    return 0;
  }

  /**
   * Closes the target after the last block.
   *
   * @returns a promise that rejects if a queued gap, or the `closed` record, cannot be written
   */
  async end(): Promise<void> {
    void this.#nextTarget?.sink.destroy();
    await this.#previousEnd;
    const { gap } = this.#queue;
    await this.#endTarget(gap === null ? '' : this.#formatQueue());
  }

  /**
   * Closes the target at once and leaves it as it is.
   *
   * @returns the position in the log of the first line that is not complete in the target
   */
  async abort(): Promise<number> {
    this.#isAborted = true;
    void this.#nextTarget?.sink.destroy();
    const written = await this.#destroyTarget();
    const block = this.#block;
    return (
      this.#position + (block === null ? -this.#formatter.openLineBytes : firstIncomplete(block, written))
    );
  }

  #use(target: Target): void {
    this.#target = target;
    this.#hasWritten = false;
    this.#formatter.seq = target.seq ?? 0;
    this.#queue.use(target);
  }

  #start(block: Block): void {
    this.#switchTarget();
    beginBlock(block, this.#formatter.openLineBytes);
    const queued = Buffer.from(this.#formatQueue());
    if (queued.length === 0) {
      this.#format(block);
      return;
    }
    block.queuedBytes = queued.length;
    this.#send(block, [queued], () => {
      this.#onQueueWritten(block);
      this.#format(block);
    });
  }

  #formatQueue(): string {
    return this.#queue.format(this.#formatter, this.#position, this.#clock.date());
  }

  #onQueueWritten(block: Block): void {
    block.queuedBytes = 0;
    this.#position = this.#queue.gap?.end ?? this.#position;
    this.#queue.clear();
  }

  #format(block: Block): void {
    // A line is not divided between targets: the rest of one still goes to the present target.
    const rest = this.#nextTarget === null ? -1 : findLineEnd(block.bytes, 1);
    const length = rest === -1 ? byteLength(block.bytes) : rest;
    const bytes = rest === -1 ? block.bytes : takeBytes(block.bytes, rest);
    const times = block.times.filter(({ at }) => at < length);
    const pieces = (length === 0 ? [] : this.#formatter.format(bytes, times))[Symbol.iterator]();
    block.isFormatting = true;
    const next = (): void => {
      const { value: piece, done } = pieces.next();
      if (done === true) {
        this.#onFormatted(block, length);
        return;
      }
      block.linesBefore += countLines(block.piece);
      block.piece = piece;
      this.#send(block, piece, next);
    };
    next();
  }

  #onFormatted(block: Block, length: number): void {
    this.#position += length;
    dropFirst(block, length);
    if (block.bytes.length > 0) {
      this.#start(block);
      return;
    }
    this.#block = null;
    this.#switchTarget();
    block.done();
  }

  #send(block: Block, chunks: readonly Buffer[], onSent: () => void): void {
    this.#hasWritten = true;
    this.#target.sink.write(chunks, (error) => {
      // A sink that is destroyed may fail the write that is given up.
      if (this.#isAborted || this.#block !== block) return;
      this.lastProgress = this.#clock.now();
      if (error) block.done(error);
      else onSent();
    });
  }

  /** Switches to the next target, if there is one, unless the present one has an unfinished line. */
  #switchTarget(): void {
    const next = this.#nextTarget;
    if (next === null || this.#formatter.isMidLine) return;
    this.#nextTarget = null;
    // An audit that lacks its last record was not closed, which `verify` reports.
    const ended = this.#endTarget('').catch(() => {});
    this.#previousEnd = Promise.all([this.#previousEnd, ended]).then(() => {});
    this.#use(next);
  }

  async #endTarget(queued: string): Promise<void> {
    let last = queued === '' && this.#hasWritten ? this.#queue.lineEnd : queued;
    if (this.#marksEnd && (this.#hasWritten || queued !== '')) {
      last += this.#formatter.formatNote({ event: 'closed' }, this.#clock.date());
    }
    await this.#target.sink.end(last === '' ? undefined : Buffer.from(last));
  }

  /** @returns how many bytes of the write in flight are written */
  async #destroyTarget(): Promise<number> {
    const written = await this.#target.sink.destroy();
    const block = this.#block;
    // The write may have succeeded after all.
    if (block !== null && block.queuedBytes > 0 && block.queuedBytes === written) this.#onQueueWritten(block);
    return written;
  }

  async #leaveTarget(abandoned: Block): Promise<number> {
    const block = { ...abandoned };
    this.#block = block;
    const written = await this.#destroyTarget();
    const next = this.#nextTarget;
    if (next === null || this.#isAborted) return 0;
    this.#nextTarget = null;
    const dropped = block.isFormatting ? this.#rewind(block, firstIncomplete(block, written)) : 0;
    this.#use(next);
    this.#start(block);
    return dropped;
  }

  /**
   * Returns to the unformatted block, from the line that starts at `start`.
   *
   * @returns how many bytes of that line are dropped, because it started in an earlier block
   */
  #rewind(block: Block, start: number): number {
    this.#formatter.abandonLine();
    this.#position += start;
    if (start >= 0) {
      dropFirst(block, start);
      return 0;
    }
    const end = findLineEnd(block.bytes, 1);
    const time = block.times[0]?.time as number;
    this.#queue.addGap({ end: this.#position + end - start, from: time, to: time });
    dropFirst(block, end);
    return end - start;
  }
}
