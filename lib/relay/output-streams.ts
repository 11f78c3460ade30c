import { type Destination, Reader, type ReaderOptions } from '../fanout/reader.js';
import { NOBODY } from '../fanout/runs.js';
import { Output } from './output-stream.js';

/** What has to be known of a reader of the transcript at the end of the room. */
interface Transcript {
  readonly ended: Promise<void>;
  destroy(): void;
}

export interface TranscriptsOptions extends Omit<ReaderOptions, 'done'> {
  /** Told of each reader that begins, and when it needs nothing more of the log. */
  readonly began: (reader: Reader) => void;
  readonly done: (reader: Reader) => void;
}

/** The readers of a room that are no clients. */
export class Transcripts {
  readonly #options: TranscriptsOptions;
  readonly #readers = new Map<Reader, Transcript>();
  #finishing = false;

  constructor(options: TranscriptsOptions) {
    this.#options = options;
  }

  get lags(): number[] {
    return [...this.#readers.keys()].map((reader) => reader.lag);
  }

  /** A new Readable of all that is said from now on. */
  output(): Output {
    const output = new Output(this.#readerOptions(), () => this.output());
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
    const { done, ...options } = this.#readerOptions();
    const reader: Reader = new Reader(destination, NOBODY, {
      ...options,
      done: (gone) => {
        done(gone);
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
    const { done, began: _, ...options } = this.#options;
    return {
      ...options,
      done: (reader: Reader): void => {
        this.#readers.delete(reader);
        done(reader);
      },
    };
  }

  #add(reader: Reader, transcript: Transcript): void {
    this.#readers.set(reader, transcript);
    this.#options.began(reader);
    if (this.#finishing) reader.finish();
  }
}
