import type { MiniServError } from '../util/errors.js';

/**
 * The events of a relay and the arguments of their listeners. The room waits while a listener runs. A listener that throws
 * causes an uncaught exception, as with any emitter, and does not interrupt the room.
 *
 * @example
 * relay.on('line', (client, text) => console.log(`${client} sent ${text}`));
 * relay.on('warning', ({ code, message }) => console.error(code, message));
 */
export interface RelayEvents {
  /** A client receives the room's messages from here on. In a shared room, this includes clients of other relays. */
  joined: [client: number];
  /** A client sent a line. The text is decoded as UTF-8 and has no newline. */
  line: [client: number, text: string];
  /** A client left. `reason` is the error that broke its connection, if there was one. */
  left: [client: number, reason?: Error];
  /** A problem that an operator should know about. The room continues. {@link ErrorCode} lists the codes. */
  warning: [warning: MiniServError];
  /** There is space for the log on disk again, after a warning ERR_SPILL_FULL. */
  spillDrained: [];
  /** A connection was refused because `maxClients` is reached. `total` counts refused connections. */
  refused: [total: number];
  /** The engine of the shared room is reachable again, after a warning ERR_ROOM_UNREACHABLE. */
  engineReconnected: [];
  /** The relay cannot continue in the shared room, and closes. */
  engineLost: [reason: MiniServError];
  /** The relay is closed. */
  close: [];
}
