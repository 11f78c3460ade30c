import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { RoomStateData } from '../room-state.js';

/** The state of a room as of a place in its log: who comes later reads on from there. */
export interface Snapshot {
  readonly v: 1;
  /** Of the engine: see {@link Engine.identity}. */
  readonly identity: string;
  readonly asOf: number;
  /** When the last record up to there was said, in milliseconds since 1970. */
  readonly time: number;
  /** How many records, and bytes of them, there have been since the last roster that was due. */
  readonly records: number;
  readonly bytes: number;
  readonly fold: RoomStateData;
}

export function encodeSnapshot(roster: Snapshot): Uint8Array {
  return deflateRawSync(JSON.stringify(roster));
}

/** @throws Error if it is none */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const roster = JSON.parse(inflateRawSync(bytes).toString('utf8')) as Snapshot;
  if (roster.v !== 1 || !Number.isInteger(roster.asOf)) throw new Error('it is no roster of a room');
  return roster;
}
