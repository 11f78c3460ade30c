import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { restoreRoomState } from '../room-state-data.js';
import { decodeSnapshot, type Snapshot } from '../shared/snapshot.js';
import { loadSnapshotAt } from './snapshot-store.js';
import { findStream, type RoomNames } from './streams.js';

/**
 * Finds the snapshot from which a replay starts: the last one before `since` if there is one; otherwise the first one,
 * if the beginning of the room is no longer stored.
 *
 * @param info the stream of the records
 * @param since in milliseconds since 1970
 * @returns undefined if the replay starts at the beginning, or if there is no usable snapshot
 */
export async function findSnapshot(
  jsm: JetStreamManager,
  names: RoomNames,
  info: StreamInfo,
  since: number,
): Promise<Snapshot | undefined> {
  const snapshots = await findStream(jsm, names.snapshotStream);
  if (snapshots === undefined) return undefined;
  const firstRecord = info.state.first_seq;
  // The first sequence of an empty stream is 0.
  let low = Math.max(1, snapshots.state.first_seq);
  let high = snapshots.state.last_seq;
  let before: Snapshot | undefined;
  let after: Snapshot | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const found = await findAtOrBefore(jsm, names.snapshotStream, middle, low, info.created);
    if (found === undefined || firstSequenceFor(found.snapshot) < firstRecord) low = middle + 1;
    else if (found.snapshot.time < since) {
      before = found.snapshot;
      low = middle + 1;
    } else {
      after = found.snapshot;
      high = found.sequence - 1;
    }
  }
  if (before !== undefined) return before;
  return firstRecord <= 1 ? undefined : after;
}

/** Finds the last snapshot of the room in a range. Messages of other programs can be between the snapshots. */
async function findAtOrBefore(
  jsm: JetStreamManager,
  stream: string,
  last: number,
  first: number,
  identity: string,
): Promise<{ snapshot: Snapshot; sequence: number } | undefined> {
  for (let sequence = last; sequence >= first; sequence--) {
    const snapshot = await load(jsm, stream, sequence);
    if (snapshot?.identity === identity) return { snapshot, sequence };
  }
  return undefined;
}

async function load(jsm: JetStreamManager, stream: string, sequence: number): Promise<Snapshot | undefined> {
  const bytes = await loadSnapshotAt(jsm, stream, sequence);
  try {
    return bytes === undefined ? undefined : decodeSnapshot(bytes);
  } catch {
    return undefined;
  }
}

/** Sequence of the first record that has to be read after this snapshot. */
function firstSequenceFor(snapshot: Snapshot): number {
  return restoreRoomState(snapshot.state).firstUnfinishedSequence ?? snapshot.asOf + 1;
}
