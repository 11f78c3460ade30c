import type { Duplex } from 'node:stream';
import type { Message } from '../protocol/message.js';

/** A method of streams that the chain gives its settings to, before their first message. */
export const CONFIGURE: unique symbol = Symbol('configure');
/** A method of streams that the chain calls when the client has stopped sending. Messages may still follow. */
export const LEAVE: unique symbol = Symbol('leave');

/** A stream that acknowledges messages before it has answered them. */
export interface ConfigurableStream extends Duplex {
  /**
   * @param maxLineBytes the longest line that the stream may emit
   * @param keepsUnanswered whether messages without an answer are to pass when the transform fails
   * @returns a function that returns these messages, in order
   */
  [CONFIGURE](maxLineBytes: number, keepsUnanswered: boolean): () => Message[];
  [LEAVE](): void;
}

export interface StageOptions {
  readonly stream: Duplex;
  /** Whether to keep pending messages, so that they can pass if the transform fails. */
  readonly keepPending: boolean;
  readonly maxLineBytes: number;
  /** The stream has acknowledged a message. */
  readonly onAcknowledged: () => void;
  /** The stream has rejected a message. */
  readonly onWriteError: (error: Error) => void;
}

/** Acknowledged messages to collect before they are removed from the list: a removal copies what remains. */
const COMPACT_AFTER_MESSAGES = 1024;

/** One transform in the chain of one client: its stream, its neighbours and its pending messages. */
export class Stage {
  readonly stream: Duplex;
  previous: Stage | null = null;
  next: Stage | null = null;
  /** Messages that the stream has not acknowledged. */
  pendingCount = 0;
  /** The transform has failed and is bypassed: ignore everything that it still does. */
  isRemoved = false;
  /** `end` was called. */
  isEnded = false;
  readonly #options: StageOptions;
  readonly #takeUnanswered: (() => Message[]) | undefined;
  /** Messages written, oldest first. The first `#acknowledgedCount` of them are acknowledged. */
  readonly #written: unknown[] = [];
  #acknowledgedCount = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.stream = options.stream;
    const stream = options.stream as Partial<ConfigurableStream>;
    this.#takeUnanswered = stream[CONFIGURE]?.(options.maxLineBytes, options.keepPending);
  }

  /** @returns false if the next message has to wait for the stream's 'drain' event */
  write(message: unknown): boolean {
    this.pendingCount++;
    if (this.#options.keepPending) this.#written.push(message);
    return this.stream.write(message, this.#onWritten);
  }

  /** The client has stopped sending. Its last messages may still be on their way. */
  leave(): void {
    (this.stream as Partial<ConfigurableStream>)[LEAVE]?.();
  }

  end(): void {
    this.isEnded = true;
    this.stream.end();
  }

  /**
   * Destroys the stream.
   *
   * @returns the messages in its output buffer, followed by the messages that it has not answered or not acknowledged
   */
  drainPending(): unknown[] {
    const { stream } = this;
    const unconfirmed = this.#written.slice(this.#acknowledgedCount);
    // Write callbacks run later than the acknowledgements they report. A working stream knows the exact number.
    const isBroken = stream.destroyed || stream.errored;
    const pendingCount = isBroken ? unconfirmed.length : Math.min(unconfirmed.length, stream.writableLength);
    // Destroyed before it is read: reading would make it process more messages.
    stream.destroy();
    const output: unknown[] = [];
    while (stream.readableLength > 0) {
      const message: unknown = stream.read();
      if (message === null) break;
      output.push(message);
    }
    const unanswered = this.#takeUnanswered?.() ?? [];
    return [...output, ...unanswered, ...unconfirmed.slice(unconfirmed.length - pendingCount)];
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (this.isRemoved) return;
    if (error) {
      // Deferred: an 'error' event with a better explanation may follow.
      process.nextTick(this.#options.onWriteError, error);
      return;
    }
    this.pendingCount--;
    if (this.#options.keepPending) {
      this.#acknowledgedCount++;
      if (
        this.#acknowledgedCount >= COMPACT_AFTER_MESSAGES &&
        this.#acknowledgedCount * 2 > this.#written.length
      ) {
        this.#written.splice(0, this.#acknowledgedCount);
        this.#acknowledgedCount = 0;
      }
    }
    this.#options.onAcknowledged();
  };
}
