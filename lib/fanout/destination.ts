import type { TimeMark } from '../protocol/time.js';

/** Where a reader delivers to. */
export interface Destination {
  /** The preferred length of a block, in bytes. A destination that stalls holds one block. Default: one segment. */
  readonly maxBytes?: number | undefined;
  /** Whether `send` is passed the times of the bytes. Not supported for readers that skip a client's own messages. */
  readonly wantsTimes?: boolean;
  /**
   * Delivers one block. The next is sent after `done` was called. The buffers belong to the log: use or copy them before
   * calling `done`. After `done(error)` nothing more is sent.
   *
   * @param times if `wantsTimes`, when the bytes were sent: the first mark is at 0, and each applies up to the next
   */
  send(bytes: readonly Buffer[], done: (error?: Error | null) => void, times?: readonly TimeMark[]): void;
  /**
   * Takes a few bytes like `send`, for a destination that often takes them at once.
   *
   * @returns whether the memory is no longer used. If not, `send` is called without bytes, and calls back when it is not
   */
  offer?(bytes: Buffer): boolean;
  /** All blocks were delivered, and nothing more will be sent. */
  finish(): void;
  /** The remaining bytes could not be read back from disk, or `send` threw. */
  fail(error: Error): void;
}
