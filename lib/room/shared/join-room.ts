import { MiniServError } from '../../util/errors.js';
import type { Engine } from './engine.js';
import { checkSharedLogOptions, type SharedLogOptions } from './options.js';
import { RecordReader } from './record-reader.js';
import { SharedLog } from './shared-log.js';
import { decodeSnapshot, type Snapshot } from './snapshot.js';

/** Records smaller than this cannot hold an event and a piece of a line. */
const MIN_RECORD_BYTES = 256;

/**
 * Joins a room: loads its latest snapshot and reads the records since.
 *
 * @throws {MiniServError} ERR_ROOM_FOREIGN if the data of the engine are not this room's; ERR_ROOM_GAP if records
 * between the snapshot and the log are missing; ERR_ROOM_REFUSED if the engine limits records to less than 256 bytes;
 * ERR_OPTION
 */
export async function joinRoom(options: SharedLogOptions): Promise<SharedLog> {
  checkSharedLogOptions(options);
  const { engine } = options;
  if (engine.maxRecordBytes < MIN_RECORD_BYTES) {
    const message = `the engine limits a record to ${engine.maxRecordBytes} bytes, and a room needs at least ${MIN_RECORD_BYTES}; raise its limit`;
    throw new MiniServError('ERR_ROOM_REFUSED', message);
  }
  const { snapshot, reader } = readSnapshot(await engine.loadSnapshot());
  if (snapshot !== undefined) checkSnapshot(engine, snapshot);
  if (engine.firstSequence > reader.fromSequence) {
    const message = `records ${reader.fromSequence} to ${engine.firstSequence - 1} of the room are missing: the engine no longer keeps them, and the latest snapshot does not include them; to start a new room, delete its streams`;
    throw new MiniServError('ERR_ROOM_GAP', message);
  }
  const log = new SharedLog(options, reader, snapshot);
  try {
    await log.catchUp();
    return log;
  } catch (error) {
    await log.destroy();
    throw error;
  }
}

function readSnapshot(bytes: Uint8Array | undefined): { snapshot?: Snapshot; reader: RecordReader } {
  if (bytes === undefined) return { reader: new RecordReader() };
  try {
    const snapshot = decodeSnapshot(bytes);
    return { snapshot, reader: new RecordReader(snapshot) };
  } catch (cause) {
    const message = `the stored room snapshot is invalid: ${(cause as Error).message}`;
    throw new MiniServError('ERR_ROOM_FOREIGN', message, { cause });
  }
}

function checkSnapshot({ identity, lastSequence }: Engine, snapshot: Snapshot): void {
  if (snapshot.identity !== identity) {
    const message =
      'the log of the room is not the one that its snapshot belongs to: it was created again, or belongs to another program';
    throw new MiniServError('ERR_ROOM_FOREIGN', message);
  }
  if (snapshot.asOf > lastSequence) {
    const message = `the log of the room has lost records: it ends at ${lastSequence}, and ended at ${snapshot.asOf} before`;
    throw new MiniServError('ERR_ROOM_FOREIGN', message);
  }
}
