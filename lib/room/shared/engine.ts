import type { MiniServError } from '../../util/errors.js';

/** Who reads a room from an engine. */
export interface EngineReader {
  /** One record after the other: none is left out, none comes twice. `time` is in milliseconds since 1970. */
  onRecord(place: number, time: number, bytes: Uint8Array): void;
  /** What a relay sent by `beat`, this one's own too. Some may be lost, and none is repeated. */
  onHeartbeat(bytes: Uint8Array): void;
  onOutage(reason: Error): void;
  onReconnect(): void;
  /** Not to be gone on with: what the engine has is not the room that was read up to now. */
  onLost(reason: MiniServError): void;
}

/**
 * What another engine is to be made of: a log of records, each at a place of its own that grows with the order, and
 * a few things beside it. {@link SharedLog} makes a {@link Log} of it; see `lib/nats/` for the one that ships.
 */
export interface Engine {
  /** What tells this room from one that was made anew under the same name. */
  readonly identity: string;
  /** Where the first record stands that is kept, and the last, when the engine was opened. Places begin at 1. */
  readonly first: number;
  readonly last: number;
  /** The longest record that it takes, in bytes. */
  readonly maxRecordBytes: number;
  /**
   * Appends a record. Resolved when it is in the log for certain, rejected when that is not known; then the same is
   * given again under the same id. It is good, and not needed, if the engine itself keeps it from coming twice.
   */
  publish(id: string, record: Uint8Array): Promise<void>;
  /** Reads all records from a place on, and beats. Called once. */
  read(from: number, reader: EngineReader): void;
  /** From here on no record is given until `resume`; the engine keeps them. */
  pause(): void;
  resume(): void;
  /** To all relays of the room, outside the log. */
  heartbeat(bytes: Uint8Array): void;
  /** The roster that was kept last, from this relay or another. */
  snapshot(): Promise<Uint8Array | undefined>;
  /** Keeps a roster, as of a place. */
  saveSnapshot(asOf: number, roster: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
