import type { EventLog } from './event-log.js';
import { openNatsRoom } from './nats/open-room.js';
import type { RoomOptions } from './options.js';
import { joinRoom as joinSharedRoom } from './shared/join-room.js';
import type { SharedLogOptions } from './shared/options.js';

/**
 * Joins a room that several relays share over NATS JetStream, and creates it if it does not exist. Waits for an engine
 * that is unreachable. Requires the packages `@nats-io/transport-node` and `@nats-io/jetstream`.
 *
 * @param url `nats://host:4222/room`, with several hosts separated by commas; `tls://` instead requires TLS
 * @returns the log of the room, for `createRelay({ room })`; the relay closes it
 * @throws {MiniServError} ERR_ROOM_PACKAGES if the packages are not installed; ERR_ROOM_REFUSED if the engine refuses
 * this relay; ERR_ROOM_FOREIGN if its data are not this room's; ERR_ROOM_GAP if records are missing; ERR_ROOM_TIMEOUT
 * after `timeoutMs`; ERR_OPTION
 * @throws the reason of `signal` after it is aborted
 *
 * @example
 * const room = await openRoom('nats://127.0.0.1:4222/lobby');
 * const relay = createRelay({ room });
 * await relay.listen(4242);
 */
export async function openRoom(url: string, options?: RoomOptions): Promise<EventLog> {
  return openNatsRoom(url, options);
}

/**
 * Joins a room over an engine of your own.
 *
 * @returns the log of the room, for `createRelay({ room })`; the relay closes it
 * @throws {MiniServError} ERR_ROOM_FOREIGN if the data of the engine are not a room's; ERR_ROOM_GAP if records are
 * missing; ERR_ROOM_REFUSED if the engine limits records to less than 256 bytes; ERR_OPTION
 */
export async function joinRoom(options: SharedLogOptions): Promise<EventLog> {
  return joinSharedRoom(options);
}
