import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { dial, explainDial, reasonOf } from './dial.js';

/** Delay before the first attempt to connect again, in milliseconds. It doubles with each attempt. */
const MIN_DELAY_MS = 250;
/** Longest delay, and how long a connection lasts that ends the doubling, in milliseconds. */
const MAX_DELAY_MS = 10_000;

export interface LinkOptions {
  readonly port: number;
  /** Whether the link connects again when the connection is lost or cannot be made. */
  readonly reconnect: boolean;
  /** Called when the link can send: again, if it was connected before. */
  readonly onConnected: (isAgain: boolean) => void;
  readonly onData: (chunk: Buffer) => void;
  /** Called when there is no connection, and the link tries again. */
  readonly onRetry: (reason: string) => void;
}

/** A connection to a relay, or a series of them. */
export class Link {
  readonly #options: LinkOptions;
  readonly #stopped = new AbortController();
  #socket: Socket | undefined;
  #isEnding = false;
  /** Whether the relay has ended a connection that this side had ended. */
  #hasLeft = false;
  #attempts = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  send(line: string): void {
    this.#socket?.write(`${line}\n`);
  }

  /** Ends this side. The relay still delivers, and then ends its own. */
  end(): void {
    this.#isEnding = true;
    this.#socket?.end();
    this.#stopped.abort();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /**
   * Connects, and resolves when the relay has closed the connection after `end()`.
   *
   * @throws {Error} if there is no connection and the link does not try again
   */
  async run(): Promise<void> {
    const { port, reconnect, onRetry } = this.#options;
    let isNotified = false;
    for (let isAgain = false; ; ) {
      let reason: string;
      try {
        const socket = await dial(port);
        reason = `connection lost: ${await this.#use(socket, isAgain)}`;
        isAgain = true;
        isNotified = false;
      } catch (error) {
        reason = explainDial(port, error as Error);
      }
      if (this.#hasLeft) return;
      if (this.#isEnding || !reconnect) throw new Error(reason);
      if (!isNotified) onRetry(reason);
      isNotified = true;
      await this.#delay();
      if (this.#isEnding) throw new Error(reason);
    }
  }

  /** Resolves with the reason when the connection is over. */
  async #use(socket: Socket, isAgain: boolean): Promise<string> {
    const { onConnected, onData } = this.#options;
    const connectedAt = performance.now();
    this.#socket = socket;
    socket.on('data', onData);
    const closed = new Promise<Error | undefined>((resolve) => {
      socket.once('error', resolve).once('end', () => resolve(undefined));
    });
    onConnected(isAgain);
    if (this.#isEnding) socket.end();
    const error = await closed;
    this.#hasLeft = error === undefined && socket.writableEnded;
    this.#socket = undefined;
    socket.destroy();
    if (performance.now() - connectedAt > MAX_DELAY_MS) this.#attempts = 0;
    return error === undefined ? 'the relay has closed the connection' : reasonOf(error);
  }

  /** Waits for up to twice as long as before, and not as long as other clients. */
  async #delay(): Promise<void> {
    const longest = Math.min(MIN_DELAY_MS * 2 ** this.#attempts++, MAX_DELAY_MS);
    const ms = longest * (0.5 + Math.random() / 2);
    await delay(ms, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}
