/** What takes the bytes of a transcript: a write at a time, and never on the event loop's own thread. */
export interface Sink {
  /** How many bytes it likes to be given at a time. Undefined: a segment. */
  readonly maxBytes: number | undefined;
  /** Calls back when all is written, or with the reason why nothing can be written any more. */
  write(chunks: readonly Buffer[], done: (error?: Error | null) => void): void;
  /** Nothing more will be written; resolved when all that was is with the kernel. */
  end(): Promise<void>;
  /** The same at once: what is not written is given up. */
  destroy(): void;
}

/** What a sink can do beside if it is a file. */
export interface TruncatableFile {
  /** How long the file is, as far as this sink made it so. */
  readonly size: number;
  /** Whether the last try to write has failed, and there will be another. */
  readonly isRetrying: boolean;
  /** Stops the write under way: how much of it is there, and how much of that are lines with their end. */
  abortWrite(): Promise<Withdrawn>;
  /** Goes on with what was withdrawn. */
  resume(): void;
  /** Cuts the file back to this length; false if that must not or cannot be. */
  cut(length: number): Promise<boolean>;
  /** Writes this whole, or not at all, and tries once. Only when no write is under way. */
  once(text: string): Promise<boolean>;
}

export interface Withdrawn {
  /** Where in the file the write began. */
  readonly start: number;
  /** How many bytes of it are lines with their end. */
  readonly whole: number;
  /** Where the file's last line ends that has an end. */
  readonly line: number;
}

export interface SinkOptions {
  readonly maxBytes?: number;
  /** Told when a write fails and is tried again; once, until it went. */
  readonly onRetry?: (error: Error) => void;
  /** Told when it went. */
  readonly onRecovered?: () => void;
}
