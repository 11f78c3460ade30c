import { retryDelayMs } from './backoff.js';
import type { Frame } from './frames.js';
import { isReachable, openSocket } from './socket.js';

/** The relay may be starting: its HTTP server answers, and the next attempt succeeds. */
const REFUSALS_BEFORE_GIVING_UP = 2;
/** The server's close code for "try again later". */
const TRY_AGAIN_LATER = 1013;

export type FeedState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** The relay accepts no page with this token. There is no further attempt. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'waiting'; readonly delayMs: number; readonly reason: string };

export interface FeedEvents {
  onBytes(bytes: Uint8Array): void;
  onFrame(frame: Frame): void;
  onState(state: FeedState): void;
}

/** The connection that the page reads the room from. Reconnects with increasing delays. */
export class Feed {
  readonly #token: string;
  readonly #events: FeedEvents;
  #socket: WebSocket | undefined;
  #timer: number | undefined;
  #attempts = 0;
  #refusals = 0;

  constructor(token: string, events: FeedEvents) {
    this.#token = token;
    this.#events = events;
  }

  /** Connects at once; replaces a connection that is open. */
  start(): void {
    this.stop();
    this.#events.onState({ kind: 'connecting' });
    const socket = openSocket('/feed', this.#token);
    this.#socket = socket;
    let wasOpen = false;
    socket.addEventListener('open', () => {
      wasOpen = true;
      this.#refusals = 0;
      this.#events.onState({ kind: 'open' });
    });
    socket.addEventListener('message', ({ data }) => {
      if (this.#socket !== socket) return;
      if (data instanceof ArrayBuffer) this.#events.onBytes(new Uint8Array(data));
      else this.#onFrame(JSON.parse(data));
    });
    socket.addEventListener('close', (event) => {
      if (this.#socket === socket) void this.#onClose(event, wasOpen);
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #onFrame(frame: Frame): void {
    // Only a connection that works ends a series of failures: a relay may accept and close at once.
    if (frame.type === 'hello') this.#attempts = 0;
    this.#events.onFrame(frame);
  }

  async #onClose({ code, reason }: CloseEvent, wasOpen: boolean): Promise<void> {
    const closed = this.#socket;
    this.#attempts++;
    if (!wasOpen) {
      if (await isReachable()) this.#refusals++;
      else this.#refusals = 0;
      if (this.#socket !== closed) return;
    }
    if (this.#refusals >= REFUSALS_BEFORE_GIVING_UP) {
      this.#refusals = 0;
      this.#events.onState({ kind: 'refused' });
      return;
    }
    const delayMs = retryDelayMs(this.#attempts);
    this.#timer = setTimeout(() => this.start(), delayMs);
    this.#events.onState({ kind: 'waiting', delayMs, reason: code === TRY_AGAIN_LATER ? reason : '' });
  }
}
