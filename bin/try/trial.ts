import { type Message, toBytes } from '../../lib/protocol/message.js';
import { renderNotice, renderPieces } from '../../lib/protocol/render.js';
import { Chain, type TransformFailure } from '../../lib/transforms/chain.js';
import type { MessageTransform } from '../../lib/transforms/transform.js';

/** The id of the client whose lines are tried. */
export const CLIENT = 0;

export interface TrialOptions {
  readonly transforms: readonly MessageTransform[];
  readonly bypassFailed: boolean;
  readonly maxLineBytes: number;
  /** Receives what the room would receive; returns a promise if the transforms have to wait. */
  readonly write: (bytes: string) => Promise<void> | undefined;
  /** The transforms have ended and have not passed a notice. */
  readonly onNoticeDropped: (kind: 'arrived' | 'left') => void;
  /** A line came out of the transforms. */
  readonly onLine: (text: string) => void;
  readonly onFailure: (failure: TransformFailure) => void;
  readonly onWarning: (warning: Error | string, position: number) => void;
}

/**
 * Passes the messages of one client through transforms without a relay. Each message waits until the one before it is
 * acknowledged, so that everything that happens meanwhile belongs to one line.
 */
export class Trial {
  readonly #options: TrialOptions;
  readonly #chain: Chain;
  #isAnnounced = false;
  #leftPassed = false;
  #hasEnded = false;
  #drained: Promise<void> | undefined;
  #onSettled: (() => void) | null = null;
  #onEnded: (() => void) | null = null;
  #isCheckScheduled = false;

  constructor(options: TrialOptions) {
    this.#options = options;
    const { transforms, bypassFailed, maxLineBytes, onWarning } = options;
    this.#chain = new Chain({
      client: { id: CLIENT },
      transforms,
      bypassFailed,
      maxLineBytes,
      onMessage: (message) => this.#onMessage(message),
      onEnd: () => {
        if (!this.#isAnnounced) options.onNoticeDropped('arrived');
        if (!this.#leftPassed) options.onNoticeDropped('left');
        this.#end(this.#leftPassed);
      },
      onFailure: (failure) => {
        options.onFailure(failure);
        if (failure.isBypassed) this.#scheduleCheck();
        else this.#end(this.#isAnnounced);
      },
      onWarning,
      onIdle: () => this.#scheduleCheck(),
    });
    // While a program does not take its lines, the end of standard input cannot be noticed.
    this.#chain.leave();
  }

  /** Whether the client was disconnected because a transform has failed. */
  get isOver(): boolean {
    return this.#hasEnded;
  }

  /** Resolves when the message is acknowledged by all transforms, and their output can be written again. */
  async write(message: Message): Promise<void> {
    if (this.#hasEnded) return;
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
      this.#chain.write(message, () => {});
      this.#scheduleCheck();
    });
    await this.#drained;
  }

  /** Resolves when the transforms have ended. */
  async end(): Promise<void> {
    await this.write({ kind: 'left', client: CLIENT });
    if (this.#hasEnded) return;
    await new Promise<void>((resolve) => {
      this.#onEnded = resolve;
      this.#chain.end();
    });
  }

  #onMessage(message: Message): boolean {
    if (message.kind === 'line') {
      this.#options.onLine(message.text);
      for (const piece of renderPieces(CLIENT, toBytes(message))) this.#send(piece);
    } else if (message.kind === 'left') this.#leftPassed = true;
    else if (!this.#isAnnounced) {
      this.#isAnnounced = true;
      this.#send(renderNotice('arrived', CLIENT));
    }
    this.#scheduleCheck();
    return this.#drained === undefined;
  }

  #send(bytes: string): void {
    const drained = this.#options.write(bytes);
    if (drained === undefined || this.#drained !== undefined) return;
    this.#drained = drained.then(() => {
      this.#drained = undefined;
      this.#chain.resume();
    });
  }

  #end(isAnnounced: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (isAnnounced) this.#send(renderNotice('left', CLIENT));
    this.#settle();
    this.#onEnded?.();
  }

  /** A transform may be about to emit what it has acknowledged, so the check waits for a turn of the event loop. */
  #scheduleCheck(): void {
    if (this.#isCheckScheduled) return;
    this.#isCheckScheduled = true;
    setImmediate(() => {
      this.#isCheckScheduled = false;
      if (this.#chain.pendingCount === 0) this.#settle();
    });
  }

  #settle(): void {
    const onSettled = this.#onSettled;
    this.#onSettled = null;
    onSettled?.();
  }
}
