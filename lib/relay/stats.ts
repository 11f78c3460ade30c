/** Whether the room's messages can be put in order at present. `local`: by the relay itself, without an engine. */
export type EngineState = 'local' | 'connected' | 'unreachable' | 'lost';

/**
 * The state of a relay in numbers, as returned by {@link Relay.stats}. Counters start at 0 when the relay is created and
 * never fall.
 */
export interface RelayStats {
  /** Clients of this relay whose connection is open. */
  readonly clients: number;
  /** Connections that were refused because `maxClients` was reached. */
  readonly refused: number;
  /** For each client, by its id: bytes that it has not taken yet. Its own lines count until its reader has passed them. */
  readonly lagBytes: ReadonlyMap<number, number>;
  /** For each stream of {@link Relay.createReadStream} and each audit file: bytes that it has not taken yet. */
  readonly outputLagBytes: readonly number[];
  /** Bytes of the log in memory. */
  readonly memoryBytes: number;
  /** Bytes of the log on disk. */
  readonly diskBytes: number;
  /** Clients that wait before they can send more. */
  readonly waitingSenders: number;
  /** Counter: how long clients have waited before they could send more, in milliseconds; the sum of all clients. */
  readonly waitedMs: number;
  /**
   * For each client whose transforms are busy, by its id: messages that its transforms have been given and have not
   * answered. A number that does not fall shows a transform that never answers.
   */
  readonly pendingTransforms: ReadonlyMap<number, number>;
  /** Counter: failures of transforms, each of which was a warning ERR_TRANSFORM. */
  readonly transformErrors: number;
  /** Counter: lines and notices of the room, in a shared room also those of other relays. */
  readonly messages: number;
  /** Counter: the bytes of `messages`, with their prefixes. */
  readonly messageBytes: number;
  /** Counter: lines that clients of this relay have sent, as far as transforms have passed them. */
  readonly linesIn: number;
  /** Counter: the bytes of `linesIn`, with their newlines and without prefixes. */
  readonly bytesIn: number;
  /**
   * Counter: lines and notices for clients of this relay, counted for each recipient when they enter the log. A client that
   * lags receives them later.
   */
  readonly linesOut: number;
  /** Counter: the bytes of `linesOut`, with their prefixes. */
  readonly bytesOut: number;
  /** Whether the engine of a shared room is reachable. */
  readonly engine: EngineState;
}

/** A client of a relay, as returned by {@link Relay.clientStats}. */
export interface ClientStats {
  /** The number in the client's prefix. */
  readonly id: number;
  /** When it joined, in milliseconds since 1970. */
  readonly joinedAt: number;
  /** Lines that it has sent, as far as transforms have passed them. */
  readonly lines: number;
  /** The bytes of `lines`, with their newlines and without prefixes. */
  readonly bytes: number;
  /** Bytes of the log that it has not taken yet. */
  readonly lagBytes: number;
  /**
   * Whether it takes what it is sent: `slow` if it has taken nothing for longer than its pace explains, at least 200 ms,
   * `stalled` after much longer, at least 2 s.
   */
  readonly state: 'active' | 'slow' | 'stalled';
  /** Whether it has left the room and is only sent what it is still owed. */
  readonly hasLeft: boolean;
}
