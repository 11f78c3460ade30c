/** A destination for the bytes of a transcript. Takes one write at a time and never blocks the event loop. */
export interface Sink {
  /** Preferred size of a write, in bytes. Undefined: the caller decides. */
  readonly maxBytes?: number | undefined;
  /** Whether the write in flight has failed and is being retried. */
  readonly isRetrying: boolean;
  /** Calls back when all bytes are written, or with the error after which nothing more can be written. */
  write(chunks: readonly Buffer[], done: (error?: Error | null) => void): void;
  /**
   * Closes the sink. Not while a write is in flight.
   *
   * @param last bytes to write before that; a failure is not retried
   * @returns a promise that rejects if `last` is not written in full
   */
  end(last?: Buffer): Promise<void>;
  /**
   * Closes the sink at once and gives up the write in flight, whose callback is called with an error or not at all.
   *
   * @returns how many bytes of that write are in the destination. Files know; 0 where nothing is known
   */
  destroy(): Promise<number>;
}

export interface SinkOptions {
  /** Preferred size of a write, in bytes. */
  readonly maxBytes?: number;
  /** Called when a write fails and will be retried: once until the sink has recovered. */
  readonly onRetry?: (error: Error) => void;
  /** Called when a retried write has succeeded. */
  readonly onRecovered?: () => void;
}
