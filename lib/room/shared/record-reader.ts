import type { LogRecord, RoomStateReader } from '../event-log.js';
import { RoomState } from '../room-state.js';
import { restoreRoomState } from '../room-state-data.js';
import { decodeRecord, type InvalidRecordError } from './record.js';
import type { Snapshot } from './snapshot.js';

/** The effect of a record on the state of its room. */
export interface ReadRecord {
  /** The record; undefined if it was skipped. */
  readonly record?: LogRecord;
  /** Why the record was skipped. */
  readonly problem?: InvalidRecordError | 'unknown relay';
  /** Number of records of its relay that are missing before it; undefined if it changed nothing. */
  readonly missing?: number | undefined;
}

/** Applies the records of a log to the state of its room, from a snapshot on or from the beginning. */
export class RecordReader {
  readonly state: RoomState;
  /** Sequence of the first record to read. It is earlier than the snapshot if a line was unfinished then. */
  readonly fromSequence: number;
  /** Sequence of the last record that the state includes. */
  sequence: number;
  /** When that record was stored, in milliseconds since 1970. */
  time: number;

  constructor(snapshot?: Snapshot) {
    this.state = snapshot === undefined ? new RoomState() : restoreRoomState(snapshot.state);
    this.sequence = snapshot?.asOf ?? 0;
    this.time = snapshot?.time ?? 0;
    this.fromSequence = this.state.firstUnfinishedSequence ?? this.sequence + 1;
  }

  /**
   * Applies the next record and reports its events. A record that no relay wrote is skipped: anyone who can publish to
   * the room can store one, and all relays have to agree about it.
   *
   * @param ownInstanceId see {@link RoomState.apply}
   * @returns undefined if the snapshot includes the record already
   */
  read(
    sequence: number,
    time: number,
    bytes: Uint8Array,
    reader: RoomStateReader,
    ownInstanceId: string,
  ): ReadRecord | undefined {
    const record = decode(bytes);
    if (sequence <= this.sequence) {
      if (!(record instanceof Error)) this.state.reread(record, sequence);
      return undefined;
    }
    this.sequence = sequence;
    // Time never goes back in a room, although the clocks of the engine's servers can differ.
    this.time = Math.max(this.time, time);
    if (record instanceof Error) return { problem: record };
    const { instances } = this.state;
    const missing = this.state.apply(record, reader, ownInstanceId, sequence, this.time);
    const { instanceId } = record;
    // Only a relay's first record has number 0, so a later one without the first is forged.
    const isUnknown = instances.get(instanceId) === undefined && !instances.isDown(instanceId);
    return isUnknown ? { problem: 'unknown relay' } : { record, missing };
  }
}

function decode(bytes: Uint8Array): LogRecord | InvalidRecordError {
  try {
    return decodeRecord(bytes);
  } catch (error) {
    return error as InvalidRecordError;
  }
}
