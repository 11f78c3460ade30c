import { MiniServError } from '../../util/errors.js';
import type { Engine } from './engine.js';

/** Records smaller than this cannot hold an event and a piece of a line. */
export const MIN_RECORD_BYTES = 256;

/** @throws {MiniServError} ERR_ROOM_REFUSED if the engine's size limit is too small for any record */
export function checkRecordLimit({ maxRecordBytes }: Engine): void {
  if (maxRecordBytes >= MIN_RECORD_BYTES) return;
  const message = `the engine limits a record to ${maxRecordBytes} bytes, and a room needs at least ${MIN_RECORD_BYTES}; raise its limit`;
  throw new MiniServError('ERR_ROOM_REFUSED', message);
}
