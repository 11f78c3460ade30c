import { MiniServError } from '../../util/errors.js';

export function lostRecordsError(count: number): MiniServError {
  const message = `the engine has lost ${count} records of the room that it had acknowledged; use replicas to prevent this`;
  return new MiniServError('ERR_ROOM_GAP', message);
}

export function declaredDeadError(): MiniServError {
  const message =
    'another relay declared this relay dead, because it received no heartbeat; the clients of this relay have left the room';
  return new MiniServError('ERR_ROOM_DOWN', message);
}

export function unsentError(bytes: number): MiniServError {
  const message = `${bytes} bytes from clients of this relay did not reach the engine and are lost`;
  return new MiniServError('ERR_ROOM_UNREACHABLE', message);
}
