import type { EventLog } from './event-log.js';
import type { RoomOptions } from './options.js';
import type { SharedLogOptions } from './shared/shared-log.js';

/**
 * Joins a room that several relays share, on as many machines, over NATS JetStream. Needs two packages beside this
 * one: `@nats-io/transport-node` and `@nats-io/jetstream`.
 *
 * @param url `nats://host:4222/lobby`; more hosts with commas between them; `tls://` where nothing else will do
 * @returns for `createRelay({ room })`, which closes it
 * @throws {MiniServError} ERR_ROOM_PACKAGES if those packages are not installed, ERR_ROOM_REFUSED if the engine does
 * not want this relay, ERR_ROOM_FOREIGN or ERR_ROOM_GAP if what it has is not the room, or not all of it,
 * ERR_ROOM_TIMEOUT, ERR_OPTION
 * @throws the signal's reason, if it is aborted
 *
 * @example
 * const room = await openRoom('nats://127.0.0.1:4222/lobby');
 * const relay = createRelay({ room });
 * await relay.listen(4242);
 */
export async function openRoom(url: string, options?: RoomOptions): Promise<EventLog> {
  const { openNatsRoom } = await import('./nats/open-room.js');
  return openNatsRoom(url, options);
}

/**
 * The same over an engine of your own: all that has to be made is an {@link Engine}.
 *
 * @throws {MiniServError} ERR_ROOM_FOREIGN or ERR_ROOM_GAP if what it has is not a room, or not all of it
 */
export async function joinRoom(options: SharedLogOptions): Promise<EventLog> {
  const shared = await import('./shared/shared-log.js');
  return shared.joinRoom(options);
}
