import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe } from '../../util/errors.js';
import { isCount } from '../../util/is-count.js';
import { isRoomStateData, type RoomStateData } from '../room-state-data.js';

const VERSION = 1;
/** Limits the memory that data of other programs can take. A room of millions of clients needs less. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

/** The state of a room as of a record. A relay that joins reads the log from there on. */
export interface Snapshot {
  /** The {@link Engine.identity} of the room. */
  readonly identity: string;
  /** Sequence of the last record that the state includes. */
  readonly asOf: number;
  /** When that record was stored, in milliseconds since 1970. */
  readonly time: number;
  /** Number and bytes of the records since a snapshot was last due. */
  readonly records: number;
  readonly bytes: number;
  readonly state: RoomStateData;
}

/** Encodes a snapshot as compressed JSON. Relays of different versions share rooms, so the format must not change. */
export function encodeSnapshot({ state, ...fields }: Snapshot): Uint8Array {
  return deflateRawSync(JSON.stringify({ v: VERSION, ...fields, fold: state }));
}

/** @throws Error that says why the bytes are not a snapshot */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const text = inflateRawSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES }).toString('utf8');
  const { v, identity, asOf, time, records, bytes: recordBytes, fold } = Object(JSON.parse(text));
  if (v !== VERSION) throw new Error(`expected version ${VERSION}, got ${describe(v)}`);
  const areCounts = [asOf, time, records, recordBytes].every(isCount);
  if (!areCounts || typeof identity !== 'string' || !isRoomStateData(fold)) {
    throw new Error('expected the fields of a room');
  }
  return { identity, asOf, time, records, bytes: recordBytes, state: fold };
}
