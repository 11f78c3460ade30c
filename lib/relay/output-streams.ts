import { type Destination, Reader, type ReaderOptions } from '../fanout/reader.js';
import { NO_OWNER } from '../fanout/segment-index.js';
import { OutputStream } from './output-stream.js';

/** What has to be known of a reader of the transcript at the end of the room. */
interface Transcript {
  readonly ended: Promise<void>;
  destroy(): void;
}

export interface OutputStreamsOptions extends Omit<ReaderOptions, 'onDone'> {
  /** Told of each reader that begins, and when it needs nothing more of the log. */
  readonly onStart: (reader: Reader) => void;
  readonly onDone: (reader: Reader) => void;
}

/** The readers of a room that are no clients. */
export class OutputStreams {
  readonly #options: OutputStreamsOptions;
  readonly #readers = new Map<Reader, Transcript>();
  #finishing = false;

  constructor(options: OutputStreamsOptions) {
    this.#options = options;
  }

  get lags(): number[] {
    return [...this.#readers.keys()].map((reader) => reader.lagBytes);
  }

  /** A new Readable of all that is said from now on. */
  output(): OutputStream {
    const output = new OutputStream(this.#readerOptions(), () => this.output());
    const ended = new Promise<void>((resolve) => void output.once('close', resolve));
    this.#add(output.reader, { ended, destroy: () => void output.destroy() });
    return output;
  }

  /** A new reader that is lent the log's own bytes. */
  reader(destination: Destination): Reader {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { onDone, ...options } = this.#readerOptions();
    const reader: Reader = new Reader(destination, NO_OWNER, {
      ...options,
      onDone: (gone) => {
        onDone(gone);
        end();
      },
    });
    this.#add(reader, { ended, destroy: () => reader.stop() });
    return reader;
  }

  /** Lets all of them finish; done when they have. */
  async finish(): Promise<void> {
    this.#finishing = true;
    const ended = [...this.#readers.values()].map((transcript) => transcript.ended);
    for (const reader of this.#readers.keys()) reader.finish();
    await Promise.all(ended);
  }

  destroy(): void {
    for (const transcript of this.#readers.values()) transcript.destroy();
  }

  #readerOptions() {
    const { onDone, onStart: _, ...options } = this.#options;
    return {
      ...options,
      onDone: (reader: Reader): void => {
        this.#readers.delete(reader);
        onDone(reader);
      },
    };
  }

  #add(reader: Reader, transcript: Transcript): void {
    this.#readers.set(reader, transcript);
    this.#options.onStart(reader);
    if (this.#finishing) reader.finish();
  }
}
