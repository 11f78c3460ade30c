import { MiniServError } from '../../util/errors.js';
import type { LogRecord, RoomStateReader } from '../event-log.js';
import { RoomState } from '../room-state.js';
import { restoreRoomState } from '../room-state-data.js';
import { decodeRecord } from './record.js';
import type { Snapshot } from './snapshot.js';

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
   * Applies the next record and reports its events.
   *
   * @param ownInstanceId see {@link RoomState.apply}
   * @returns the number of missing records as {@link RoomState.apply} does, or undefined if the snapshot includes the
   * record already
   */
  apply(
    sequence: number,
    time: number,
    record: LogRecord,
    reader: RoomStateReader,
    ownInstanceId: string,
  ): number | undefined {
    if (sequence <= this.sequence) {
      this.state.reread(record, sequence);
      return undefined;
    }
    this.sequence = sequence;
    // Time never goes back in a room, although the clocks of the engine's servers can differ.
    this.time = Math.max(this.time, time);
    return this.state.apply(record, reader, ownInstanceId, sequence, this.time);
  }
}

/** @throws {MiniServError} ERR_ROOM_FOREIGN if the bytes are not a record */
export function decodeRecordAt(sequence: number, bytes: Uint8Array): LogRecord {
  try {
    return decodeRecord(bytes);
  } catch (cause) {
    const { message } = cause as Error;
    throw new MiniServError(
      'ERR_ROOM_FOREIGN',
      `cannot read record ${sequence} of the room: ${message}; another program may write to its stream`,
      { cause },
    );
  }
}
