import type { MiniServError } from '../util/errors.js';

/**
 * An event that a relay appends to the log of its room.
 *
 * - `connected` requests an id for a connection, which the relay calls `token` until then. Unless it is `silent`, the
 *   client joins the room with it.
 * - `joined` lets a client receive the room from here on, and announces it unless it is `silent`. A client that joined
 *   silently can be announced later by a second `joined`.
 * - `lines` are complete lines without prefix, separated by `\n`: a latin1 string, one character for each byte, or a
 *   Buffer.
 * - `part` is the start of a line that continues in the next `part` or `lines` of the same client. Only a log that
 *   limits the size of its records splits lines.
 * - `left` ends a client, with a notice unless it is `silent`.
 * - `down` ends a relay and all its clients. Only a log that several relays share has it.
 */
export type LogEvent =
  | { readonly kind: 'connected'; readonly token: number; readonly silent?: boolean }
  | { readonly kind: 'joined'; readonly client: number; readonly silent?: boolean }
  | { readonly kind: 'lines'; readonly client: number; readonly bytes: string | Buffer }
  | { readonly kind: 'part'; readonly client: number; readonly bytes: string | Buffer }
  | { readonly kind: 'left'; readonly client: number; readonly silent?: boolean }
  | { readonly kind: 'down'; readonly instanceId: string };

/** The unit in which a relay stores events in a shared log: all since its last record. */
export interface LogRecord {
  /** Identifies the run of the relay's process. */
  readonly instanceId: string;
  /** Counts the records of the instance, from 0. */
  readonly number: number;
  readonly events: readonly LogEvent[];
}

/**
 * Receives what happens in a room, in the order of its log, which is the same for every relay. `time` is when the
 * event was stored, in milliseconds since 1970; it is undefined if the log keeps no times.
 */
export interface RoomStateReader {
  /** A connection of this relay has its id. Called before any other event of that client. */
  onIdAssigned(token: number, client: number): void;
  /**
   * A client joined or is announced.
   *
   * @param silent whether the notice is left out
   * @param first whether the client receives the room from here on; false if it joined silently before
   */
  onJoined(client: number, silent: boolean, first: boolean, time?: number): void;
  /**
   * Complete lines without prefix, separated by `\n`: a latin1 string, one character for each byte, or a Buffer, which is
   * not copied before it is stored or rendered.
   */
  onLines(client: number, bytes: string | Buffer, time?: number): void;
  /**
   * A client left.
   *
   * @param silent whether the notice is left out
   */
  onLeft(client: number, silent: boolean, time?: number): void;
}

/** Reads an {@link EventLog}. */
export interface EventLogReader extends RoomStateReader {
  /** Whether the reader has no capacity left. When it has again, it calls `resume()` of the log. */
  isFull(): boolean;
  /** The log accepts events again: its `isFull` has become false. */
  onDrain(): void;
  /** A problem that an operator should know of. The room continues. */
  onWarning(warning: MiniServError): void;
  /** The engine is unreachable: no event is read or stored until `onReconnect`. */
  onOutage(reason: MiniServError): void;
  /** The engine is reachable again. */
  onReconnect(): void;
  /** The log has ended for this relay. */
  onLost(reason: MiniServError): void;
}

/**
 * Puts the events of a room into one order. Each appended event is read once, in an order that is the same for every
 * relay of the room and that keeps the order of each relay's own events.
 *
 * Without the option `room`, a relay has a log of its own. See {@link Engine} for a log that several relays share.
 */
export interface EventLog {
  /** Whether the caller should stop appending until `onDrain`. Events that are appended nevertheless are kept. */
  readonly isFull: boolean;
  /**
   * Starts reading. To be called once, before the first `append`.
   *
   * @throws {MiniServError} ERR_STATE if the log has a reader already, or is closed
   */
  read(reader: EventLogReader): void;
  /** Returns the ids of the clients in the room, in ascending order. In a shared room, also those of other relays. */
  clientIds(): number[];
  /** Adds an event to the log. */
  append(event: LogEvent): void;
  /** The reader has capacity again. */
  resume(): void;
  /** Ends the clients of this relay. Resolves when all events that were appended before have been read. */
  close(): Promise<void>;
  /** Releases all resources. Events that have not been read are dropped. */
  destroy(): Promise<void>;
}
