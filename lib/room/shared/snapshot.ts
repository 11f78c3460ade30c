import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { FoldState } from '../room-state.js';

/** The state of a room as of a place in its log: who comes later reads on from there. */
export interface Roster {
  readonly v: 1;
  /** Of the engine: see {@link Engine.identity}. */
  readonly identity: string;
  readonly asOf: number;
  /** When the last record up to there was said, in milliseconds since 1970. */
  readonly time: number;
  /** How many records, and bytes of them, there have been since the last roster that was due. */
  readonly records: number;
  readonly bytes: number;
  readonly fold: FoldState;
}

export function encodeRoster(roster: Roster): Uint8Array {
  return deflateRawSync(JSON.stringify(roster));
}

/** @throws Error if it is none */
export function decodeRoster(bytes: Uint8Array): Roster {
  const roster = JSON.parse(inflateRawSync(bytes).toString('utf8')) as Roster;
  if (roster.v !== 1 || !Number.isInteger(roster.asOf)) throw new Error('it is no roster of a room');
  return roster;
}
