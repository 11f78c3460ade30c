import { createFormatter, type View } from '../protocol/formats.js';
import type { Formatter } from '../protocol/formatter.js';
import { byteLength, countLines, findLineEnd, takeBytes } from '../util/buffer-list.js';
import type { Clock } from '../util/environment.js';
import { type Block, beginBlock, createBlock, dropFirst, firstIncomplete } from './block.js';
import type { Gap } from './note-queue.js';
import { type Target, Targets, type TargetsOptions } from './targets.js';

export interface TranscriptWriterOptions extends Omit<TargetsOptions, 'formatter'> {
  readonly format: View;
  /** Position in the log of the first byte that will be written. */
  readonly position: number;
}

/** Writes blocks of the log to a target, in a format, and knows which lines the target has. */
export class TranscriptWriter {
  /** When the target last took something, by the clock's `now`. */
  lastProgress = 0;
  readonly #clock: Clock;
  readonly #formatter: Formatter;
  readonly #targets: Targets;
  /** Position in the log up to which everything is written, recorded as missing, or with the formatter. */
  #position: number;
  #block: Block | null = null;
  #isAborted = false;

  constructor({ format, position, ...options }: TranscriptWriterOptions) {
    this.#clock = options.clock;
    this.#position = position;
    this.#formatter = createFormatter(format);
    this.#targets = new Targets({ ...options, formatter: this.#formatter });
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
    this.#targets.queue.endLine(this.#formatter.abandonLine());
    this.#targets.queue.addGap(gap);
  }

  /**
   * Continues in another target, from the next line on. A target whose write is being retried is left as it is, and
   * the lines that are not complete in it go to the next one.
   *
   * @returns how many bytes of a line are recorded as a gap, because its start is no longer available
   */
  async moveTo(next: Target): Promise<number> {
    this.#targets.setNext(next);
    const block = this.#block;
    // A block without a newline may belong to a line that the present target has a part of.
    const canLeave = block !== null && !(block.isFormatting && findLineEnd(block.bytes, 1) === -1);
    if (canLeave && this.#targets.isRetrying) return this.#leaveTarget(block);
    if (block === null) this.#targets.switch();
    await this.#targets.previousEnd;
    return 0;
  }

  /**
   * Closes the target after the last block.
   *
   * @returns a promise that rejects if a queued gap, or the `closed` record, cannot be written
   */
  async end(): Promise<void> {
    await this.#targets.end(this.#targets.queue.gap === null ? '' : this.#formatQueue());
  }

  /**
   * Closes the target at once and leaves it as it is.
   *
   * @returns the position in the log of the first line that is not complete in the target
   */
  async abort(): Promise<number> {
    this.#isAborted = true;
    this.#targets.setNext(null);
    const written = await this.#destroyTarget();
    const block = this.#block;
    if (block === null) return this.#position - this.#formatter.openLineBytes;
    return this.#position + firstIncomplete(block, written);
  }

  #start(block: Block): void {
    this.#targets.switch();
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
    return this.#targets.queue.format(this.#formatter, this.#position, this.#clock.date());
  }

  #onQueueWritten(block: Block): void {
    const { queue } = this.#targets;
    block.queuedBytes = 0;
    this.#position = queue.gap?.end ?? this.#position;
    queue.clear();
  }

  #format(block: Block): void {
    // A line is not divided between targets: the rest of one still goes to the present target.
    const rest = this.#targets.hasNext ? findLineEnd(block.bytes, 1) : -1;
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
    this.#targets.switch();
    block.done();
  }

  #send(block: Block, chunks: readonly Buffer[], onSent: () => void): void {
    this.#targets.write(chunks, (error) => {
      // A sink that is destroyed may fail the write that is given up.
      if (this.#isAborted || this.#block !== block) return;
      this.lastProgress = this.#clock.now();
      if (error) block.done(error);
      else onSent();
    });
  }

  async #destroyTarget(): Promise<number> {
    const written = await this.#targets.destroy();
    const block = this.#block;
    // The write may have succeeded after all.
    if (block !== null && block.queuedBytes > 0 && block.queuedBytes === written) this.#onQueueWritten(block);
    return written;
  }

  async #leaveTarget(abandoned: Block): Promise<number> {
    const block = { ...abandoned };
    this.#block = block;
    const written = await this.#destroyTarget();
    if (this.#isAborted) return 0;
    const dropped = block.isFormatting ? this.#rewind(block, firstIncomplete(block, written)) : 0;
    this.#targets.useNext();
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
    this.#targets.queue.addGap({ end: this.#position + end - start, from: time, to: time });
    dropFirst(block, end);
    return end - start;
  }
}
