import { openSocket } from '../feed/socket.js';
import { LineReader } from '../room/lines.js';
import type { Outgoing } from './outgoing.js';

/** Why the page is no longer a client, although its reader has not left. */
export type Departure =
  /** The relay could not be reached, or refused. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'lost'; readonly code: number; readonly reason: string };

export interface MembershipEvents {
  onId(id: number): void;
  onEnd(departure: Departure): void;
}

/**
 * The page as a client of the room. Like any other client it is sent everything: the page counts it, and shows the lines from
 * the feed.
 */
export class Membership {
  readonly #socket: WebSocket;
  readonly #reader = new LineReader();
  #hasLeft = false;
  #wasOpen = false;
  receivedLines = 0;
  receivedBytes = 0;

  constructor(token: string, events: MembershipEvents) {
    const socket = openSocket('/join', token);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#wasOpen = true;
    });
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') events.onId(JSON.parse(data).id);
      else this.#count(new Uint8Array(data));
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (!this.#hasLeft)
        events.onEnd(this.#wasOpen ? { kind: 'lost', code, reason } : { kind: 'refused', reason });
    });
  }

  /** Bytes that were sent and that the relay has not accepted yet. */
  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send({ messages }: Outgoing): void {
    for (const message of messages) this.#socket.send(message as Uint8Array<ArrayBuffer>);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#socket.close();
  }

  #count(chunk: Uint8Array): void {
    this.receivedLines += this.#reader.read(chunk).count;
    this.receivedBytes += chunk.length;
  }
}
