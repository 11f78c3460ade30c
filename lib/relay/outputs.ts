import { addAbortSignal } from 'node:stream';
import type { Destination } from '../fanout/destination.js';
import { Reader, type ReaderOptions } from '../fanout/reader.js';
import { NO_OWNER } from '../fanout/segment-index.js';
import { ReadStream, type ReadStreamOptions } from './read-stream.js';

/** Lets the relay end an output when it closes. */
interface Output {
  readonly ended: Promise<void>;
  /** Whether senders never wait for it, and its lag is no backlog. */
  readonly isPassive: boolean;
  destroy(): void;
}

export interface OutputsOptions extends Omit<ReaderOptions, 'onDone'> {
  readonly onStart: (reader: Reader) => void;
  /** Called when the reader needs nothing more of the log. */
  readonly onDone: (reader: Reader) => void;
}

/** The readers of the room that are not clients: read streams, audit files, standard output. */
export class Outputs {
  readonly #options: OutputsOptions;
  readonly #outputs = new Map<Reader, Output>();
  #finishing = false;

  constructor(options: OutputsOptions) {
    this.#options = options;
  }

  get lagBytes(): number[] {
    return [...this.#outputs].filter(([, { isPassive }]) => !isPassive).map(([{ lagBytes }]) => lagBytes);
  }

  createReadStream({ format = 'wire', signal }: ReadStreamOptions): ReadStream {
    const stream = new ReadStream(format, this.#readerOptions());
    const ended = new Promise<void>((resolve) => void stream.once('close', resolve));
    this.#add(stream.reader, { ended, isPassive: false, destroy: () => void stream.destroy() });
    // After #add: an aborted signal destroys the stream at once.
    if (signal !== undefined) addAbortSignal(signal, stream);
    return stream;
  }

  /** @param isPassive whether senders never wait for the reader */
  addReader(destination: Destination, isPassive: boolean): Reader {
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
    this.#add(reader, { ended, isPassive, destroy: () => reader.stop() });
    return reader;
  }

  /** Finishes every output; resolves when all have delivered what they are owed. */
  async finish(): Promise<void> {
    this.#finishing = true;
    const ended = [...this.#outputs.values()].map((output) => output.ended);
    for (const reader of this.#outputs.keys()) reader.finish();
    await Promise.all(ended);
  }

  destroy(): void {
    for (const output of this.#outputs.values()) output.destroy();
  }

  #readerOptions() {
    const { onDone, onStart: _, ...options } = this.#options;
    return {
      ...options,
      onDone: (reader: Reader): void => {
        this.#outputs.delete(reader);
        onDone(reader);
      },
    };
  }

  #add(reader: Reader, output: Output): void {
    this.#outputs.set(reader, output);
    if (!output.isPassive) this.#options.onStart(reader);
    if (this.#finishing) reader.finish();
  }
}
