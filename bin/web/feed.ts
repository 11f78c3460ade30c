import type { WebSocket } from 'ws';
import type { Destination } from '../../lib/fanout/destination.js';
import type { Reader } from '../../lib/fanout/reader.js';
import type { Relay } from '../../lib/relay/relay.js';
import { GOING_AWAY, INTERNAL_ERROR } from './close-codes.js';

/** One block for each interval is 8 MiB/s at most. A page that reads more would take the cores that the room needs. */
const BLOCK_BYTES = 256 * 1024;
const INTERVAL_MS = 32;
/** A page that is further behind skips what it has not been sent. */
const MAX_LAG_BYTES = 4 * 1024 * 1024;

/** Sends the transcript to a page, at a limited pace. A page that falls behind learns how many messages there were. */
export class Feed {
  readonly #socket: WebSocket;
  readonly #relay: Relay;
  readonly #reader: Reader;
  /** The messages in the log when the feed began. */
  readonly #firstMessage: number;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the socket has taken the block in flight. */
  #isTaken = true;
  #done: (error?: Error) => void = () => {};
  /** The messages since the feed began, if a part of them was skipped and the page does not know it yet. */
  #messagesAtSkip: number | undefined;
  #isStatusPending = false;

  constructor(socket: WebSocket, relay: Relay) {
    this.#socket = socket;
    this.#relay = relay;
    this.#firstMessage = relay.stats().messages;
    const destination: Destination = {
      maxBytes: BLOCK_BYTES,
      send: (bytes, done) => this.#send(bytes, done),
      finish: () => socket.close(GOING_AWAY),
      fail: () => socket.close(INTERNAL_ERROR),
    };
    this.#reader = relay.addReader(destination, true);
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#reader.stop();
    });
  }

  /** Sends a text frame, unless the page has not taken the last one. */
  sendStatus(text: string): void {
    if (this.#isStatusPending) return;
    this.#isStatusPending = true;
    this.#socket.send(text, () => {
      this.#isStatusPending = false;
    });
  }

  #send(bytes: readonly Buffer[], done: (error?: Error) => void): void {
    this.#sendSkip();
    this.#isTaken = false;
    this.#done = done;
    const last = bytes.length - 1;
    for (let i = 0; i < last; i++) this.#socket.send(bytes[i] as Buffer);
    this.#socket.send(bytes[last] as Buffer, (error) => this.#onTaken(error));
    this.#timer = setTimeout(this.#onInterval, INTERVAL_MS);
  }

  #onTaken(error?: Error): void {
    this.#isTaken = true;
    if (error !== undefined) this.#done(error);
    // The room is closing, and has no use for its cores.
    else if (this.#reader.isFinishing) this.#continue();
  }

  readonly #onInterval = (): void => {
    if (this.#reader.lagBytes > MAX_LAG_BYTES) {
      this.#reader.skip();
      this.#messagesAtSkip = this.#relay.stats().messages - this.#firstMessage;
    }
    if (this.#isTaken) this.#continue();
    else this.#timer = setTimeout(this.#onInterval, INTERVAL_MS);
  };

  #continue(): void {
    clearTimeout(this.#timer);
    this.#sendSkip();
    this.#done();
  }

  #sendSkip(): void {
    if (this.#messagesAtSkip === undefined) return;
    this.#socket.send(JSON.stringify({ type: 'skip', messages: this.#messagesAtSkip }));
    this.#messagesAtSkip = undefined;
  }
}
