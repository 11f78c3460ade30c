import type { MiniServError } from '../../util/errors.js';

/** Receives what an {@link Engine} reads. */
export interface EngineReader {
  /**
   * The next record: in order, none left out, none repeated.
   *
   * @param sequence position of the record in the log
   * @param time when the record was stored, in milliseconds since 1970
   */
  onRecord(sequence: number, time: number, bytes: Uint8Array): void;
  /** A heartbeat of any relay, including this one. Heartbeats can be lost but are not repeated. */
  onHeartbeat(bytes: Uint8Array): void;
  /** The engine is unreachable. Can be called again during an outage. */
  onOutage(reason: Error): void;
  /** The engine is reachable again, and still has all records that were read. */
  onReconnect(): void;
  /** The engine cannot continue, for example because its log is no longer the one that was read. */
  onLost(reason: MiniServError): void;
}

/**
 * Stores the records of a room in one order. To share rooms over another system than NATS, implement this interface
 * and pass the engine to {@link joinRoom}.
 *
 * Each record has a sequence: a position in the log that starts at 1 and only increases.
 */
export interface Engine {
  /** Distinguishes the room from a later one of the same name. */
  readonly identity: string;
  /** Sequence of the first stored record when the engine was opened; 1 for a new room. */
  readonly firstSequence: number;
  /** Sequence of the last stored record when the engine was opened; 0 for a new room. */
  readonly lastSequence: number;
  /** Size limit of a record at present. It can change at any time, and is read again before each attempt to publish. */
  readonly maxRecordBytes: number;
  /**
   * Appends a record. Resolves when the record is stored, and rejects when it is not or when that is unknown. Then the
   * caller publishes the same events under the same id again: in the same record, or cut to another size. The engine may
   * drop later records of the same id but does not have to.
   *
   * A rejection with a {@link MiniServError} ends this relay: the engine refuses the record and would do so again. After a
   * rejection with any other error the caller tries again: at once if the record is now larger than `maxRecordBytes`, and
   * otherwise after a delay.
   */
  publish(id: string, record: Uint8Array): Promise<void>;
  /** Starts to read heartbeats, and all records from a sequence on. Called once. */
  read(fromSequence: number, reader: EngineReader): void;
  /** Stops delivering records until `resume`. Records must not be lost meanwhile. */
  pause(): void;
  /** Delivers records again. */
  resume(): void;
  /** Sends a heartbeat to all relays of the room, without storing it. */
  sendHeartbeat(bytes: Uint8Array): void;
  /**
   * Returns the latest snapshot that a relay of the room has saved.
   *
   * @param isValid returns false for bytes that are not a snapshot. If other programs can store data in the place of
   * snapshots, the engine returns the latest valid one
   */
  loadSnapshot(isValid: (snapshot: Uint8Array) => boolean): Promise<Uint8Array | undefined>;
  /**
   * Saves a snapshot. The engine may delete the snapshots before it. After a rejection the caller tries again later; if
   * the error is a {@link MiniServError}, it also warns.
   *
   * @param sequence of the last record that the snapshot includes
   */
  saveSnapshot(sequence: number, snapshot: Uint8Array): Promise<void>;
  /** Ends the connection. */
  close(): Promise<void>;
}
