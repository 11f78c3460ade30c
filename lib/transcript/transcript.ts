import type { Destination } from '../fanout/destination.js';
import type { Reader } from '../fanout/reader.js';
import type { View } from '../protocol/formats.js';
import type { TimeMark } from '../protocol/time.js';
import type { Relay } from '../relay/relay.js';
import { type Clock, nodeEnvironment } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import type { Gap } from './note-queue.js';
import type { Target } from './targets.js';
import { TranscriptWriter } from './writer.js';

/** Size of a block in bytes: in formats that are computed, no more than the event loop can spare the time for. */
const FORMATTED_BLOCK_BYTES = 32 * 1024;
const WIRE_BLOCK_BYTES = 512 * 1024;
/** A sink without progress for this long, in ms, is not waited for while the spill limit is reached. */
const STALL_TIMEOUT_MS = 5000;
/** How often that is checked, in ms. */
const POLL_INTERVAL_MS = 250;

export interface TranscriptOptions {
  readonly relay: Relay;
  /** Names the transcript in warnings. */
  readonly name: string;
  readonly format: View;
  readonly target: Target;
  /** Whether a `closed` record marks the end, in formats that have such a record. Default: false. */
  readonly marksEnd?: boolean;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/**
 * Reads the room and writes it to a sink. The room waits for the sink only as for any reader that makes progress; what
 * the sink lags behind is kept. When the spill limit is reached and the sink takes nothing, messages are left out, and
 * recorded as a gap as soon as the sink takes something.
 */
export class Transcript implements Destination {
  readonly wantsTimes = true;
  readonly maxBytes: number;
  /** Resolves when nothing more will be written: after the end of the relay, at the latest. */
  readonly closed: Promise<void>;
  readonly #options: TranscriptOptions;
  readonly #clock: Clock;
  #writer: TranscriptWriter;
  #reader: Reader;
  /** Position in the log at which the transcript starts: the writer counts from there. */
  #start: number;
  #state: 'open' | 'failed' | 'ending' = 'open';
  /** Messages that were left out during the block in flight. */
  #gap: Gap | null = null;
  /** When the last message was sent that the writer was given, in ms since 1970. */
  #lastTime = 0;
  #cancelStallCheck: (() => void) | null = null;
  #onClosed: () => void = () => {};

  constructor(options: TranscriptOptions) {
    const { relay, format, target, clock = nodeEnvironment.clock } = options;
    this.#options = options;
    this.#clock = clock;
    this.maxBytes = format === 'wire' ? (target.sink.maxBytes ?? WIRE_BLOCK_BYTES) : FORMATTED_BLOCK_BYTES;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.#writer = this.#createWriter(target, 0);
    this.#reader = relay.addReader(this);
    this.#start = this.#reader.end;
    relay.on('warning', this.#onWarning);
    relay.on('spillDrained', this.#onSpillDrained);
    relay.once('close', this.#onRelayClose);
  }

  get hasFailed(): boolean {
    return this.#state === 'failed';
  }

  send(
    bytes: readonly Buffer[],
    done: (error?: Error | null) => void,
    times: readonly TimeMark[] = [],
  ): void {
    this.#lastTime = times.at(-1)?.time ?? this.#lastTime;
    this.#writer.write(bytes, times, (error) => this.#onWritten(done, error));
  }

  finish(): void {
    this.#state = 'ending';
    void this.#writer
      .end()
      .catch(({ message }: Error) => this.#warn(`cannot write the last record (${message})`))
      .finally(this.#onClosed);
  }

  /** Continues with a new reader when the backlog cannot be read back from disk. */
  fail(): void {
    this.#writer.queueGap(this.#unreadGap());
    this.#reader = this.#options.relay.addReader(this);
  }

  /** Continues in another target, from the next line on; also after the present one has failed. */
  async moveTo(target: Target): Promise<void> {
    if (this.#state === 'open') {
      const bytes = await this.#writer.moveTo(target);
      if (bytes > 0) this.#warn(`incomplete: a line of ${bytes} bytes is missing, and recorded as a gap`);
      return;
    }
    const position = this.#state === 'failed' ? await this.#writer.abort() : 0;
    if (this.#state === 'ending') {
      await target.sink.destroy();
      return;
    }
    this.#state = 'open';
    this.#writer = this.#createWriter(target, position);
    const gap = this.#unreadGap();
    if (gap.end > position) this.#writer.queueGap(gap);
    this.#gap = null;
    this.#reader = this.#options.relay.addReader(this);
  }

  destroy(): void {
    void this.#writer.abort();
  }

  #createWriter(target: Target, position: number): TranscriptWriter {
    const { format, marksEnd = false } = this.#options;
    return new TranscriptWriter({ format, target, position, marksEnd, clock: this.#clock });
  }

  #onWritten(done: (error?: Error | null) => void, error?: Error | null): void {
    if (error) {
      this.#giveUp(error);
      return;
    }
    const gap = this.#gap;
    if (gap === null) {
      done();
      return;
    }
    // Recorded at once: it may be long until the next message.
    this.#gap = null;
    this.#writer.queueGap(gap);
    this.#writer.write([], [], (failure) => this.#onWritten(done, failure));
  }

  #giveUp({ message }: Error): void {
    this.#state = 'failed';
    this.#reader.stop();
    void this.#writer.abort();
    this.#warn(`write failed (${message}); nothing more is written to it`);
  }

  /** Everything that the reader has not delivered. */
  #unreadGap(): Gap {
    const { from = this.#lastTime, to } = this.#reader.missing;
    return { end: this.#reader.end - this.#start, from: this.#gap?.from ?? from, to };
  }

  readonly #onRelayClose = (): void => {
    const { relay } = this.#options;
    relay.off('warning', this.#onWarning);
    relay.off('spillDrained', this.#onSpillDrained);
    this.#onSpillDrained();
    if (this.#state === 'failed') this.#onClosed();
    else if (this.#state === 'open') void this.#abort().finally(this.#onClosed);
  };

  async #abort(): Promise<void> {
    this.#state = 'ending';
    const position = await this.#writer.abort();
    const bytes = this.#reader.end - this.#start - position;
    if (bytes > 0) this.#warn(`incomplete: the last ${bytes} bytes of messages are missing`);
  }

  readonly #onWarning = ({ code }: MiniServError): void => {
    if (code === 'ERR_SPILL_FULL' && this.#cancelStallCheck === null) this.#checkForStall();
  };

  readonly #onSpillDrained = (): void => {
    this.#cancelStallCheck?.();
    this.#cancelStallCheck = null;
  };

  #checkForStall(): void {
    this.#cancelStallCheck = this.#clock.setTimer(POLL_INTERVAL_MS, () => {
      this.#checkForStall();
      this.#skipIfStalled();
    });
  }

  #skipIfStalled(): void {
    const { relay } = this.#options;
    const waitedMs = this.#clock.now() - this.#writer.lastProgress;
    if (!this.#writer.isWriting || waitedMs < STALL_TIMEOUT_MS) return;
    // Skipping frees little while a client is about as far behind.
    const { lagBytes } = relay.stats();
    if ([...lagBytes.values()].some((bytes) => bytes > this.#reader.lagBytes / 2)) return;
    const { bytes, from = this.#lastTime, to } = this.#reader.skip();
    if (bytes === 0) return;
    if (this.#gap === null) {
      this.#warn('stalled while the spill limit is reached; leaving messages out until it takes data again');
    }
    this.#gap = { end: this.#reader.end - this.#start, from: this.#gap?.from ?? from, to };
  }

  #warn(message: string): void {
    const { relay, name } = this.#options;
    relay.emit('warning', new MiniServError('ERR_TRANSCRIPT', `${name}: ${message}`));
  }
}
