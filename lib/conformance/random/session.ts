/** A random action. It names a place for a client and not a client, so that every part of a session is a session. */
export interface Action {
  readonly place: number;
  readonly kind: 'connect' | 'send' | 'end' | 'reset' | 'pause' | 'resume';
  /** The bytes to send, one character for each. */
  readonly text: string;
  /** Where the text is cut into packets, as shares of its length in thousandths. */
  readonly cuts: readonly number[];
  /** Whether the next action waits until every client has received what this one causes. */
  readonly isAwaited: boolean;
}

/** A random session: this many clients connect first. */
export interface Session {
  readonly clients: number;
  readonly actions: readonly Action[];
}

/** An action that is possible at this point, by a client. `giveUp`: nothing more is expected of the client. */
export interface Step {
  readonly kind: Action['kind'] | 'giveUp';
  /** Clients are numbered as they connect. */
  readonly client: number;
  readonly isAwaited: boolean;
  readonly packets: readonly string[];
}
