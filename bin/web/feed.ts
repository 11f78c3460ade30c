import type { WebSocket } from 'ws';
import type { Destination } from '../../lib/fanout/destination.js';
import type { Reader } from '../../lib/fanout/reader.js';
import type { Relay } from '../../lib/relay/relay.js';
import { GOING_AWAY, INTERNAL_ERROR } from './close-codes.js';

/** One block for each interval is 8 MiB/s at most. A page that reads more would take the cores that the room needs. */
const BLOCK_BYTES = 256 * 1024;
const INTERVAL_MS = 32;
/** The same while the room is faster than that, and the page gets samples, faster than a person can read. */
const SAMPLE_BYTES = 64 * 1024;
const SAMPLE_INTERVAL_MS = 250;
/** A room that says at most this much between two samples is slow enough to be followed again. */
const SLOW_BYTES = 1024 * 1024;
/** A page that is further behind gets samples. */
const MAX_LAG_BYTES = 4 * 1024 * 1024;

const NEWLINE = 0x0a;

/**
 * Sends the transcript to a page, at a limited pace. A page that is far behind gets samples of the newest messages, and
 * learns how many there were in between.
 *
 * Samples are copied from the end of the log. A reader would make the log keep new memory between two samples, which costs
 * a fast room more than the feed itself.
 */
export class Feed {
  readonly #socket: WebSocket;
  readonly #relay: Relay;
  /** The messages in the log when the feed began. */
  readonly #firstMessage: number;
  readonly #destination: Destination;
  /** Undefined while the page gets samples. */
  #reader: Reader | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the socket has taken the block or the sample in flight. */
  #isTaken = true;
  #done: (error?: Error) => void = () => {};
  /** The position in the log at which the last sample ended. */
  #sampledEnd = 0;
  #isStatusPending = false;
  /** Status frames that were not sent, because the page had not taken the last one. */
  #missedStatuses = 0;

  constructor(socket: WebSocket, relay: Relay) {
    this.#socket = socket;
    this.#relay = relay;
    this.#firstMessage = relay.stats().messages;
    this.#destination = {
      maxBytes: BLOCK_BYTES,
      send: (bytes, done) => this.#send(bytes, done),
      finish: () => socket.close(GOING_AWAY),
      fail: () => socket.close(INTERNAL_ERROR),
    };
    this.#attach();
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#reader?.stop();
    });
  }

  /**
   * Sends a text frame, unless the page has not taken the last one.
   *
   * @param missed makes a frame that goes before it, from the number of frames that were not sent
   */
  sendStatus(text: string, missed: (statuses: number) => string): void {
    if (this.#isStatusPending) {
      this.#missedStatuses++;
      return;
    }
    if (this.#missedStatuses > 0) this.#socket.send(missed(this.#missedStatuses));
    this.#missedStatuses = 0;
    this.#isStatusPending = true;
    this.#socket.send(text, () => {
      this.#isStatusPending = false;
    });
  }

  #attach(): void {
    this.#reader = this.#relay.addReader(this.#destination, true);
  }

  #send(bytes: readonly Buffer[], done: (error?: Error) => void): void {
    this.#done = done;
    const last = bytes.length - 1;
    for (let i = 0; i < last; i++) this.#socket.send(bytes[i] as Buffer);
    this.#sendBytes(bytes[last] as Buffer);
    this.#startTimer();
  }

  #sendBytes(bytes: Buffer): void {
    this.#isTaken = false;
    this.#socket.send(bytes, (error) => this.#onTaken(error));
  }

  /** @param error null after a success, although the types of `ws` do not say so */
  #onTaken(error?: Error | null): void {
    this.#isTaken = true;
    if (error) this.#done(error);
    // The room is closing, and has no use for its cores.
    else if (this.#reader?.isFinishing) this.#continue();
  }

  #startTimer(): void {
    const intervalMs = this.#reader === undefined ? SAMPLE_INTERVAL_MS : INTERVAL_MS;
    this.#timer = setTimeout(this.#onInterval, intervalMs);
  }

  readonly #onInterval = (): void => {
    if (this.#reader !== undefined && this.#reader.lagBytes > MAX_LAG_BYTES) {
      this.#reader.stop();
      this.#reader = undefined;
      this.#sampledEnd = 0;
    }
    if (!this.#isTaken) this.#startTimer();
    else if (this.#reader === undefined) this.#sample();
    else this.#continue();
  };

  #continue(): void {
    clearTimeout(this.#timer);
    this.#done();
  }

  /** Sends the newest messages, and follows the log again if the room has become slow enough. */
  #sample(): void {
    const { bytes, end, messages } = this.#relay.recent(this.#sampledEnd, SAMPLE_BYTES);
    const isContinued = end - bytes.length === this.#sampledEnd;
    // A sample that does not continue the last one can begin in the middle of a message.
    const lines = isContinued ? bytes : bytes.subarray(bytes.indexOf(NEWLINE) + 1);
    if (!isContinued) this.#sendSkip(messages - countLines(lines));
    if (lines.length > 0) this.#sendBytes(lines);
    const isSlow = end - this.#sampledEnd <= SLOW_BYTES;
    this.#sampledEnd = end;
    if (isSlow) this.#attach();
    else this.#startTimer();
  }

  /** @param messages those in the log before the place at which the feed continues */
  #sendSkip(messages: number): void {
    this.#socket.send(JSON.stringify({ type: 'skip', messages: messages - this.#firstMessage }));
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
