import type { Destination } from '../fanout/destination.js';
import type { Reader } from '../fanout/reader.js';
import type { Format } from '../protocol/formats.js';
import type { TimeMark } from '../protocol/time.js';
import type { Relay } from '../relay/relay.js';
import { byteLength } from '../util/buffer-list.js';
import { MiniServError } from '../util/errors.js';
import { type Gap, type Opened, TranscriptWriter } from './writer.js';

/** Formatting costs time on the event loop: no more of it at once than the room can spare, in bytes. */
const FORMATTED_MOST = 32 * 1024;
/** What a sink likes to be given if it does not say, in bytes. */
const MOST = 512 * 1024;
/** A sink that has taken nothing for this long, in ms, is not waited for when the disk for the backlog is full. */
const STOPPED = 5000;
/** How often that is looked at, in ms. */
const LOOK = 250;

export interface TranscriptOptions {
  readonly relay: Relay;
  /** What it is called when something is said about it. */
  readonly name: string;
  readonly format: Format | 'view';
  readonly opened: Opened;
  /** Whether it says in the end that there is nothing more, where the format can say so. */
  readonly signed?: boolean;
}

/**
 * A reader of the room, and what is written of it. Whatever its sink does, the room goes on: while that can be hoped
 * for, what it lags is kept, as for any reader. When the disk for that is used up and the sink takes nothing, what
 * lies between is left out, and recorded as a gap as soon as anything can be.
 */
export class Transcript implements Destination {
  readonly wantsTimes = true;
  readonly maxBytes: number;
  /** Resolved when nothing more will be written, after the relay's end at the latest. */
  readonly closed: Promise<void>;
  readonly #options: TranscriptOptions;
  #writer: TranscriptWriter;
  #reader: Reader;
  #state: 'open' | 'given up' | 'ending' = 'open';
  /** Bytes said, as on the wire, up to the end of the block in flight, and then of what was left out. */
  #given = 0;
  #inFlight = 0;
  #skipped = false;
  #gap: Gap | null = null;
  #time = 0;
  #look: NodeJS.Timeout | undefined;
  #close: () => void = () => {};

  constructor(options: TranscriptOptions) {
    const { relay, format, opened, signed = false } = options;
    this.#options = options;
    this.#writer = new TranscriptWriter(format, opened, signed);
    this.maxBytes = format === 'wire' ? (opened.sink.maxBytes ?? MOST) : FORMATTED_MOST;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.#reader = relay.addReader(this);
    relay.on('warning', this.#warned);
    relay.on('spillDrained', this.#relaxed);
    relay.once('close', this.#ended);
  }

  send(
    bytes: readonly Buffer[],
    done: (error?: Error | null) => void,
    times: readonly TimeMark[] = [],
  ): void {
    this.#inFlight = byteLength(bytes);
    this.#given += this.#inFlight;
    this.#time = times.at(-1)?.time ?? this.#time;
    this.#writer.write(bytes, times, (error) => this.#landed(done, error));
  }

  finish(): void {
    this.#state = 'ending';
    void this.#writer.end().then(this.#close, this.#close);
  }

  /** What was kept for it cannot be read back: it goes on with what is said from now on. */
  fail(): void {
    const { bytes, from = this.#time, to } = this.#reader.missing;
    this.#given += bytes;
    this.#writer.owe({ event: 'gap', bytes, from, to });
    this.#reader = this.#options.relay.addReader(this);
  }

  /** Goes on in another sink, from the next line on; also if this one was given up. */
  async moveTo(opened: Opened): Promise<void> {
    if (this.#state === 'open') {
      const bytes = await this.#writer.moveTo(opened);
      if (bytes > 0) this.#warn(`is not whole: a line of ${bytes} bytes is left out, as is recorded there`);
    } else if (this.#state === 'ending') {
      opened.sink.destroy();
    } else {
      const { relay, format, signed = false } = this.#options;
      const gap = this.#missing();
      this.#writer = new TranscriptWriter(format, opened, signed);
      if (gap.bytes > 0) this.#writer.owe({ event: 'gap', ...gap, from: gap.from ?? this.#time });
      this.#given = gap.bytes;
      this.#inFlight = 0;
      this.#skipped = false;
      this.#state = 'open';
      this.#reader = relay.addReader(this);
    }
  }

  get isGivenUp(): boolean {
    return this.#state === 'given up';
  }

  destroy(): void {
    this.#writer.destroy();
  }

  #landed(done: (error?: Error | null) => void, error?: Error | null): void {
    if (error) {
      this.#giveUp(error);
      return;
    }
    const gap = this.#gap;
    if (gap === null) {
      this.#inFlight = 0;
      this.#skipped = false;
      done();
      return;
    }
    // At once: who knows when something will be said again.
    this.#gap = null;
    this.#writer.owe(gap);
    this.#writer.write([], [], (failure) => this.#landed(done, failure));
  }

  #giveUp({ message }: Error): void {
    this.#state = 'given up';
    this.#reader.stop();
    this.#writer.destroy();
    this.#warn(`is given up: ${message}`);
  }

  /** What was said and is not written. */
  #missing(): { bytes: number; from: number | undefined; to: number } {
    const { bytes, from, to } = this.#reader.missing;
    // A reader that was stopped counts what was in flight, unless it had gone further.
    const given = this.#given - (this.#skipped ? 0 : this.#inFlight);
    return { bytes: given + bytes - this.#writer.position, from, to };
  }

  readonly #ended = (): void => {
    const { relay } = this.#options;
    relay.off('warning', this.#warned);
    relay.off('spillDrained', this.#relaxed);
    this.#relaxed();
    if (this.#state === 'given up') this.#close();
    else if (this.#state === 'open') void this.#abandon().then(this.#close, this.#close);
  };

  async #abandon(): Promise<void> {
    this.#state = 'ending';
    const { bytes, recorded } = await this.#writer.abandon(this.#missing());
    if (bytes === 0) return;
    const where = recorded ? ', as is recorded there' : '';
    this.#warn(`is not whole: the last ${bytes} bytes of what was said are not in it${where}`);
  }

  readonly #warned = ({ code }: MiniServError): void => {
    if (code === 'ERR_SPILL_FULL') this.#look ??= setInterval(() => this.#leaveOut(), LOOK).unref();
  };

  readonly #relaxed = (): void => {
    clearInterval(this.#look);
    this.#look = undefined;
  };

  #leaveOut(): void {
    if (this.#inFlight === 0 || performance.now() - this.#writer.moved < STOPPED) return;
    // Where a client is about as far behind, leaving this out would make no room to speak of.
    const { lagBytes: lag } = this.#options.relay.stats();
    if ([...lag.values()].some((bytes) => bytes > this.#reader.lagBytes / 2)) return;
    const { bytes, from = this.#time, to } = this.#reader.skip();
    if (bytes === 0) return;
    this.#skipped = true;
    this.#given += bytes;
    if (this.#gap === null) {
      this.#gap = { event: 'gap', bytes, from, to };
      this.#warn('takes nothing, and the disk for what it lags is full: what is said meanwhile is left out');
    } else {
      this.#gap = { ...this.#gap, bytes: this.#gap.bytes + bytes, to };
    }
  }

  #warn(message: string): void {
    const { relay, name } = this.#options;
    relay.emit('warning', new MiniServError('ERR_TRANSCRIPT', `${name} ${message}`));
  }
}
