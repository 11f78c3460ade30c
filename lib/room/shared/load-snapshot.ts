import { MiniServError } from '../../util/errors.js';
import type { Engine } from './engine.js';
import { decodeSnapshot, type Snapshot } from './snapshot.js';

export interface LoadedSnapshot {
  /** Undefined if the room has none, so that its log is read from the beginning. */
  readonly snapshot: Snapshot | undefined;
  /** Why a later snapshot was skipped, if one was. */
  readonly problem: string | undefined;
}

/**
 * Loads the latest snapshot of a room. Skips what another program has stored in its place.
 *
 * @throws {MiniServError} ERR_ROOM_FOREIGN if the only snapshots belong to another log, or the log has lost records
 */
export async function loadSnapshot(engine: Engine): Promise<LoadedSnapshot> {
  let problem: string | undefined;
  let isForeign = false;
  const decode = (candidate: Uint8Array): Snapshot | undefined => {
    try {
      const snapshot = decodeSnapshot(candidate);
      if (snapshot.identity === engine.identity) return snapshot;
      isForeign = true;
      problem ??= 'it belongs to another room';
    } catch (error) {
      problem ??= (error as Error).message;
    }
    return undefined;
  };
  const bytes = await engine.loadSnapshot((candidate) => decode(candidate) !== undefined);
  // An engine to which no other program can write does not have to check what it loads.
  const snapshot = bytes && decode(bytes);
  if (snapshot !== undefined) {
    checkEnd(engine, snapshot);
    return { snapshot, problem };
  }
  if (isForeign) {
    const message =
      'the log of the room is not the one that its snapshot belongs to: it was created again, or belongs to another program';
    throw new MiniServError('ERR_ROOM_FOREIGN', message);
  }
  return { snapshot: undefined, problem };
}

function checkEnd({ lastSequence }: Engine, { asOf }: Snapshot): void {
  if (asOf <= lastSequence) return;
  const message = `the log of the room has lost records: it ends at ${lastSequence}, and ended at ${asOf} before`;
  throw new MiniServError('ERR_ROOM_FOREIGN', message);
}
