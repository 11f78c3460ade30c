import { toLatin1 } from '../../protocol/message.js';
import { renderNotice, renderPieces } from '../../protocol/render.js';
import type { RoomStateReader } from '../event-log.js';

export interface MessageReaderOptions {
  /** Time of the earliest message, in milliseconds since 1970. Default: the first one that is stored. */
  readonly since?: number;
  /** Time of the latest message, in milliseconds since 1970. Default: now. */
  readonly until?: number;
  /**
   * Receives the messages as on the wire; latin1, one character for each byte. If it returns a promise, the replay
   * waits for it before it reads on.
   */
  readonly onMessage: (bytes: string, time: number) => void | Promise<void>;
}

/** Renders the messages of a room from one time to another. */
export class MessageReader implements RoomStateReader {
  readonly #options: MessageReaderOptions;
  #pending: Promise<void>[] = [];

  constructor(options: MessageReaderOptions) {
    this.#options = options;
  }

  onIdAssigned(): void {}

  onJoined(client: number, silent: boolean, _first: boolean, time: number): void {
    if (!silent) this.#send(renderNotice('arrived', client), time);
  }

  onLines(client: number, bytes: string | Buffer, time: number): void {
    for (const piece of renderPieces(client, toLatin1(bytes))) this.#send(piece, time);
  }

  onLeft(client: number, silent: boolean, time: number): void {
    if (!silent) this.#send(renderNotice('left', client), time);
  }

  /** Resolves when the messages so far are taken; undefined if they are already. */
  whenTaken(): Promise<unknown> | undefined {
    if (this.#pending.length === 0) return undefined;
    const pending = this.#pending;
    this.#pending = [];
    return Promise.all(pending);
  }

  #send(bytes: string, time: number): void {
    const { since = 0, until = Number.POSITIVE_INFINITY, onMessage } = this.#options;
    if (time < since || time > until) return;
    const taken = onMessage(bytes, time);
    if (taken !== undefined) this.#pending.push(taken);
  }
}
