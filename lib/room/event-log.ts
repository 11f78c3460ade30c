import type { MiniServError } from '../util/errors.js';

/**
 * What a relay appends. It names a connection by a `token` of its own until it has an id: `arrived` asks for one.
 * A client that arrives silently hears the room from `joined` on. A `part` is the beginning of a line, which goes on
 * in the next that comes of the same client. Only a log that carries the room between machines cuts lines, and only
 * such a log says `down`: the relay whose epoch that is has come to its end, and so have all its clients.
 */
export type LogEvent =
  | { readonly kind: 'connected'; readonly token: number; readonly silent?: boolean }
  | { readonly kind: 'joined'; readonly client: number; readonly silent?: boolean }
  | { readonly kind: 'lines'; readonly client: number; readonly bytes: string }
  | { readonly kind: 'part'; readonly client: number; readonly bytes: string }
  | { readonly kind: 'left'; readonly client: number; readonly silent?: boolean }
  | { readonly kind: 'down'; readonly instanceId: string };

/**
 * Who reads a log: the same events for every relay of the room, in the log's order. Times are when it was said, in
 * milliseconds since 1970, where the log knows that better than the clock.
 */
export interface RoomStateReader {
  /** This relay's own connection has its id. Before anything else is read of that client. */
  onIdAssigned(token: number, client: number): void;
  /** `first`: the client hears the room from here on. A client may be announced later than that. */
  onJoined(client: number, silent: boolean, first: boolean, time?: number): void;
  /** Complete lines, without their prefix, `\n` between them; latin1, a character a byte. */
  onLines(client: number, bytes: string, time?: number): void;
  onLeft(client: number, silent: boolean, time?: number): void;
}

export interface EventLogReader extends RoomStateReader {
  /** Whether it can take no more for now; `resume` tells the log when it can. */
  isFull(): boolean;
  /** The log takes more again: `full` has become false. */
  onDrain(): void;
  /** Something that an operator should hear of; the room goes on. */
  onWarning(warning: MiniServError): void;
  /** The log is out of reach: nothing is read or appended until it is `back`. */
  onOutage(reason: MiniServError): void;
  onReconnect(): void;
  /** The log cannot be gone on with. */
  onLost(reason: MiniServError): void;
}

/**
 * What gives all that is said its one order. What is appended comes back by the reader, once, in an order that is the
 * same for everybody, and that keeps the order of each who appends.
 *
 * The embedded log is that of one relay: what is appended is read in the same turn. Another carries the room between
 * machines: see {@link Engine} for what such a one is to be made of.
 */
export interface EventLog {
  /** True while nothing more should be appended. What is appended all the same is kept. */
  readonly isFull: boolean;
  /**
   * Begins to read, from here on; to be called once, and before anything is appended.
   *
   * @throws {MiniServError} ERR_STATE if it is read already, or closed
   */
  read(reader: EventLogReader): void;
  append(event: LogEvent): void;
  /** The reader can take more again. */
  resume(): void;
  /** Nothing more will be appended; done when all that was has been read, and that its clients left. */
  close(): Promise<void>;
  /** Gives up what has not been read by now, and all that the log holds. */
  destroy(): Promise<void>;
}
