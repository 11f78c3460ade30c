import type { MiniServError } from '../util/errors.js';

/**
 * What a relay emits. An event's listener runs while the room waits for it; one that throws is an uncaught
 * exception, as with any emitter, and harms nothing in the room.
 */
export interface RelayEvents {
  /** A client is in the room, on whichever machine it is. */
  joined: [client: number];
  /** A line was said, as Unicode text without its newline. */
  line: [client: number, text: string];
  /** A client has left, with what broke its connection if anything did. */
  left: [client: number, reason?: Error];
  /** Something that an operator should hear of; the room goes on. See {@link MiniServError.code}. */
  warning: [warning: MiniServError];
  /** There is room for spilled segments again, after a warning ERR_SPILL_FULL. */
  spillDrained: [];
  /** A connection was refused at the limit of clients; how many were so far. */
  refused: [total: number];
  /** The engine that carries the room is in reach again, after a warning ERR_ROOM_UNREACHABLE. */
  engineReconnected: [];
  /** The room cannot be gone on with: the relay closes. */
  engineLost: [reason: MiniServError];
  /** The relay is closed. */
  close: [];
}

/** A relay's state, as numbers. */
export interface RelayStats {
  /** Clients whose connection is open. */
  readonly clients: number;
  /** Connections refused so far, at the limit of descriptors. */
  readonly refused: number;
  /** For each client: bytes said that it has not taken yet. Its own lines count until it has passed them. */
  readonly lagBytes: ReadonlyMap<number, number>;
  /** The same for each reader of `output`. */
  readonly outputLagBytes: readonly number[];
  /** Bytes of the log in memory. */
  readonly memoryBytes: number;
  /** Bytes of the log on disk. */
  readonly diskBytes: number;
  /** Senders that are asked to wait. */
  readonly waitingSenders: number;
  /**
   * For each client whose transforms are at work: how many messages they have been given and have not answered,
   * a message counting once for each transform that has it. One that stays has a transform that never answers.
   */
  readonly pendingTransforms: ReadonlyMap<number, number>;
}
