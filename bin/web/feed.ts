import type { WebSocket } from 'ws';
import type { Destination } from '../../lib/fanout/destination.js';
import type { Reader } from '../../lib/fanout/reader.js';
import type { Relay } from '../../lib/relay/relay.js';
import { GOING_AWAY, INTERNAL_ERROR } from './close-codes.js';

/** One block for each interval is 8 MiB/s at most. A page that reads more would take the cores that the room needs. */
const BLOCK_BYTES = 256 * 1024;
const INTERVAL_MS = 32;
/** The same while the room is faster than that, and the page gets samples of its messages. */
const SAMPLE_BYTES = 64 * 1024;
/** A page that is further behind skips messages. */
const MAX_LAG_BYTES = 4 * 1024 * 1024;

/**
 * Sends the transcript to a page, at a limited pace. A page that skips messages learns how many there were.
 *
 * While the room is faster than the feed, the feed has no reader between two blocks. The log would have to keep new memory
 * for the reader, which costs the room more than the feed itself.
 */
export class Feed {
  readonly #socket: WebSocket;
  readonly #relay: Relay;
  /** The messages in the log when the feed began. */
  readonly #firstMessage: number;
  #reader: Reader | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the socket has taken the block in flight. */
  #isTaken = true;
  #done: (error?: Error) => void = () => {};
  /** Whether the room is faster than the feed. */
  #isSampling = false;
  /** The bytes in the log one interval ago. */
  #logBytes = 0;
  /** The messages since the feed began, if a part of them was skipped and the page does not know it yet. */
  #messagesAtSkip: number | undefined;
  #isStatusPending = false;

  constructor(socket: WebSocket, relay: Relay) {
    this.#socket = socket;
    this.#relay = relay;
    this.#firstMessage = relay.stats().messages;
    this.#attach();
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#reader?.stop();
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

  #attach(): void {
    const socket = this.#socket;
    const destination: Destination = {
      maxBytes: this.#isSampling ? SAMPLE_BYTES : BLOCK_BYTES,
      send: (bytes, done) => this.#send(bytes, done),
      finish: () => socket.close(GOING_AWAY),
      fail: () => socket.close(INTERNAL_ERROR),
    };
    this.#reader = this.#relay.addReader(destination, true);
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
    else if (this.#reader?.isFinishing) this.#continue();
    else if (this.#isSampling) this.#detach();
  }

  readonly #onInterval = (): void => {
    if (this.#reader === undefined) {
      this.#isSampling = this.#noteSkip() > BLOCK_BYTES;
      this.#sendSkip();
      this.#attach();
      return;
    }
    if (this.#reader.lagBytes > MAX_LAG_BYTES) {
      this.#reader.skip();
      this.#noteSkip();
      this.#isSampling = true;
    }
    if (this.#isTaken && !this.#isSampling) {
      this.#continue();
      return;
    }
    if (this.#isTaken) this.#detach();
    this.#timer = setTimeout(this.#onInterval, INTERVAL_MS);
  };

  #continue(): void {
    clearTimeout(this.#timer);
    this.#done();
  }

  #detach(): void {
    this.#reader?.stop();
    this.#reader = undefined;
  }

  /** @returns by how many bytes the log has grown since the last time */
  #noteSkip(): number {
    const { messages, messageBytes } = this.#relay.stats();
    const grownBytes = messageBytes - this.#logBytes;
    this.#logBytes = messageBytes;
    this.#messagesAtSkip = messages - this.#firstMessage;
    return grownBytes;
  }

  #sendSkip(): void {
    if (this.#messagesAtSkip === undefined) return;
    this.#socket.send(JSON.stringify({ type: 'skip', messages: this.#messagesAtSkip }));
    this.#messagesAtSkip = undefined;
  }
}
