import { MiniServError } from '../../util/errors.js';
import { loadSnapshot } from './load-snapshot.js';
import { checkSharedLogOptions, type SharedLogOptions } from './options.js';
import { checkRecordLimit } from './record-limit.js';
import { RecordReader } from './record-reader.js';
import { SharedLog } from './shared-log.js';

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
  checkRecordLimit(engine);
  const { snapshot, problem } = await loadSnapshot(engine);
  const reader = new RecordReader(snapshot);
  if (engine.firstSequence > reader.fromSequence) {
    const message = `records ${reader.fromSequence} to ${engine.firstSequence - 1} of the room are missing: the engine no longer keeps them, and the latest snapshot does not include them; to start a new room, delete its streams`;
    throw new MiniServError('ERR_ROOM_GAP', message);
  }
  const log = new SharedLog(options, reader, snapshot);
  if (problem !== undefined) log.onSkippedSnapshot(problem);
  try {
    await log.catchUp();
    return log;
  } catch (error) {
    await log.destroy();
    throw error;
  }
}
