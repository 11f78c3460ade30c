import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { RoomStateData } from '../room-state-data.js';

const VERSION = 1;

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
  const { v, fold, ...fields } = JSON.parse(inflateRawSync(bytes).toString('utf8'));
  if (v !== VERSION) throw new Error(`expected version ${VERSION}, got ${String(v)}`);
  if (!Number.isInteger(fields.asOf)) throw new Error('expected the field asOf');
  return { ...fields, state: fold };
}
