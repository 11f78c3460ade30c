import { Readable } from 'node:stream';
import type { Destination } from '../fanout/destination.js';
import { Reader, type ReaderOptions } from '../fanout/reader.js';
import { NO_OWNER } from '../fanout/segment-index.js';
import { checkFormat, createFormatter, type Format } from '../protocol/formats.js';
import type { Formatter } from '../protocol/formatter.js';
import { isAbortSignal } from '../util/abort-signal.js';
import { optionError } from '../util/errors.js';
import { checkNames } from '../util/option-names.js';

/** Options of {@link Relay.createReadStream}. */
export interface ReadStreamOptions {
  /**
   * How messages are written. `wire`: as on the network. `text`: for people, each line with its time and with control
   * characters made visible. `json`: one JSON object per line. Default: `wire`.
   */
  readonly format?: Format;
  /** Destroys the stream with an `AbortError` when aborted, as in `fs.createReadStream`. */
  readonly signal?: AbortSignal;
}

/** Bytes that the stream reads ahead of its consumer: several blocks, so that a file can keep up with the room. */
const READ_AHEAD_BYTES = 1024 * 1024;
/** Formatting runs on the event loop, so a formatted block is kept small. */
const FORMATTED_BLOCK_BYTES = 32 * 1024;

/** @throws {MiniServError} ERR_OPTION */
export function checkReadStreamOptions(options: ReadStreamOptions): void {
  checkNames(options, ['format', 'signal'] satisfies (keyof ReadStreamOptions)[]);
  const { format, signal } = options;
  if (format !== undefined) checkFormat(format);
  if (signal !== undefined && !isAbortSignal(signal)) throw optionError('signal', 'an AbortSignal', signal);
}

/** The room's messages as a Readable, from the stream's creation to the end of the relay. */
export class ReadStream extends Readable {
  readonly reader: Reader;
  readonly #formatter: Formatter;
  /** The rest of the block in flight, and the reader's callback for that block. */
  #pieces: Iterator<readonly Buffer[]> | null = null;
  #done: ((error?: Error | null) => void) | null = null;

  constructor(format: Format, options: ReaderOptions) {
    super({ highWaterMark: READ_AHEAD_BYTES });
    this.#formatter = createFormatter(format);
    const destination: Destination = {
      maxBytes: format === 'wire' ? undefined : FORMATTED_BLOCK_BYTES,
      wantsTimes: format !== 'wire',
      send: (bytes, done, times = []) => {
        this.#done = done;
        this.#pieces = this.#formatter.format(bytes, times)[Symbol.iterator]();
        this.#pushPieces();
      },
      finish: () => {
        const note = this.#formatter.formatNote({ event: 'closed' }, Date.now());
        if (note !== '') this.push(note);
        this.push(null);
      },
      // Without a listener the error would end the process; the relay has emitted a warning in any case.
      fail: (error) => void this.destroy(this.listenerCount('error') > 0 ? error : undefined),
    };
    this.reader = new Reader(destination, NO_OWNER, options);
  }

  override _read(): void {
    this.#pushPieces();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#pieces = null;
    this.reader.stop();
    callback(error);
  }

  #pushPieces(): void {
    const pieces = this.#pieces;
    if (pieces === null) return;
    for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
      // The pieces may be the log's own buffers, which are only lent until the block is done.
      if (!this.push(Buffer.concat(next.value))) return;
    }
    // A listener that was called by push() may have read to the end of this block already.
    if (this.#pieces !== pieces) return;
    this.#pieces = null;
    this.#done?.();
  }
}
