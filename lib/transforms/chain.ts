import { describeOther, isMessage, type Message } from '../protocol/message.js';
import { isError, toError } from '../util/to-error.js';
import { instantiate } from './instantiate.js';
import { Stage } from './stage.js';
import type { ClientInfo, MessageTransform } from './transform.js';

/** A transform that has failed, and what the chain has done about it. */
export interface TransformFailure {
  readonly error: Error;
  /** Index of the transform in the chain, from 0. */
  readonly position: number;
  /** Whether the chain continues without the transform. Otherwise the chain is destroyed. */
  readonly isBypassed: boolean;
}

export interface ChainOptions {
  readonly client: ClientInfo;
  readonly transforms: readonly MessageTransform[];
  /** Whether the chain continues without a transform that fails. */
  readonly bypassFailed: boolean;
  readonly maxLineBytes: number;
  /**
   * The last transform has emitted a message.
   *
   * @returns false if the next message has to wait until `resume` is called
   */
  readonly onMessage: (message: Message) => boolean;
  /** The last transform has ended, after `end` was called. */
  readonly onEnd: () => void;
  readonly onFailure: (failure: TransformFailure) => void;
  /** A transform reports something that an operator should know. Its position is counted from 0. */
  readonly onWarning: (warning: Error | string, position: number) => void;
  /** All messages written so far are acknowledged. */
  readonly onIdle: () => void;
}

/** Code of an error with which a transform refuses its client. Such an error is never bypassed. */
export const REFUSED_CODE = 'ERR_REFUSED';

/**
 * The transforms of one client, one after the other.
 *
 * Streams connected with `pipe` could not tell which transform has failed, be rearranged around it, or report that all
 * messages are acknowledged.
 */
export class Chain {
  readonly #options: ChainOptions;
  #first: Stage | null = null;
  #isDestroyed = false;
  #onDrain: (() => void) | null = null;

  constructor(options: ChainOptions) {
    this.#options = options;
    let last: Stage | null = null;
    for (const [position, transform] of options.transforms.entries()) {
      if (this.#isDestroyed) return;
      try {
        const stage: Stage = this.#createStage(transform, position);
        stage.previous = last;
        if (last === null) this.#first = stage;
        else last.next = stage;
        last = stage;
      } catch (error) {
        this.#fail(error, position, null);
      }
    }
  }

  /** Messages that were written to a transform and not acknowledged by it. */
  get pendingCount(): number {
    let count = 0;
    if (this.#isDestroyed) return count;
    for (let stage = this.#first; stage !== null; stage = stage.next) count += stage.pendingCount;
    return count;
  }

  /** @returns false if the next message has to wait until `onDrain` is called */
  write(message: Message, onDrain: () => void): boolean {
    if (this.#isDestroyed || this.#writeTo(this.#first, message)) return true;
    this.#onDrain = onDrain;
    return false;
  }

  /** Continues after `onMessage` has returned false. */
  resume(): void {
    let last = this.#first;
    while (last?.next) last = last.next;
    if (!this.#isDestroyed) this.#resume(last);
  }

  /** The client has stopped sending. Its last messages may still be on their way. */
  leave(): void {
    if (this.#isDestroyed) return;
    for (let stage = this.#first; stage !== null; stage = stage.next) stage.leave();
  }

  end(): void {
    if (!this.#isDestroyed) this.#endFrom(this.#first);
  }

  destroy(): void {
    this.#isDestroyed = true;
    for (let stage = this.#first; stage !== null; stage = stage.next) stage.stream.destroy();
  }

  #createStage(transform: MessageTransform, position: number): Stage {
    const stream = instantiate(transform, this.#options.client);
    const fail = (error: unknown): void => this.#fail(error, position, stage);
    const stage: Stage = new Stage({
      stream,
      keepPending: this.#options.bypassFailed,
      maxLineBytes: this.#options.maxLineBytes,
      onAcknowledged: () => this.#onAcknowledged(stage),
      onWriteError: fail,
    });
    stream.on('error', fail);
    stream.on('close', () => {
      if (!stream.readableEnded) fail(new Error('closed before its client left'));
    });
    stream.on('end', () => {
      if (this.#isDestroyed || stage.isRemoved) return;
      // Messages that still wait to be processed were sent before the client left.
      if (stage.isEnded && stream.writableLength === 0) this.#endFrom(stage.next);
      else fail(new Error('ended before its client left'));
    });
    stream.on('warning', (warning: unknown) => {
      this.#options.onWarning(isError(warning) ? warning : toError(warning).message, position);
    });
    stream.on('drain', () => {
      if (!stage.isRemoved) this.#resume(stage.previous);
    });
    stream.on('data', (message: unknown) => {
      if (this.#isDestroyed || stage.isRemoved) return;
      try {
        if (!isMessage(message)) {
          const expected = "expected a message such as { kind: 'line', client, text }";
          fail(new TypeError(`emitted ${describeOther(message)}; ${expected}`));
        } else if (!this.#writeTo(stage.next, this.#own(message))) stream.pause();
      } catch (error) {
        fail(error);
      }
    });
    return stage;
  }

  /** Returns a message with the right client: a transform cannot name another one, not even to the next transform. */
  #own(message: Message): Message {
    const { id } = this.#options.client;
    return message.client === id ? message : { ...message, client: id };
  }

  /**
   * @param stage null behind the last one
   * @returns false if the next message has to wait
   * @throws RangeError if the text of the message becomes too long when it is encoded as UTF-8
   */
  #writeTo(stage: Stage | null, message: Message): boolean {
    const target = skipRemoved(stage);
    if (target === null) return this.#options.onMessage(message);
    if (target.write(message)) return true;
    // The write can remove the stage. Then the buffer of the stage behind it counts.
    return target.isRemoved && skipRemoved(target)?.stream.writableNeedDrain !== true;
  }

  #endFrom(stage: Stage | null): void {
    const target = skipRemoved(stage);
    if (target !== null) target.end();
    else this.#options.onEnd();
  }

  /** @param stage null before the first one */
  #resume(stage: Stage | null): void {
    if (stage !== null) {
      stage.stream.resume();
      return;
    }
    const onDrain = this.#onDrain;
    this.#onDrain = null;
    onDrain?.();
  }

  #onAcknowledged(stage: Stage): void {
    if (this.#isDestroyed || stage.pendingCount > 0) return;
    for (let other = this.#first; other !== null; other = other.next) {
      if (other.pendingCount > 0 || other.stream.readableLength > 0) return;
    }
    this.#options.onIdle();
  }

  #fail(cause: unknown, position: number, stage: Stage | null): void {
    if (this.#isDestroyed || stage?.isRemoved === true) return;
    const error = toError(cause);
    const isBypassed = this.#options.bypassFailed && (error as NodeJS.ErrnoException).code !== REFUSED_CODE;
    if (!isBypassed) this.destroy();
    this.#options.onFailure({ error, position, isBypassed });
    if (isBypassed && stage !== null) this.#bypass(stage);
  }

  /** Removes the stage. Passes on its buffered output, then the messages that it did not acknowledge. */
  #bypass(stage: Stage): void {
    stage.isRemoved = true;
    const { previous, next } = stage;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
    let canWrite = true;
    for (const message of stage.drainPending()) {
      if (isMessage(message)) canWrite = this.#writeTo(next, this.#own(message)) && canWrite;
    }
    if (stage.isEnded) this.#endFrom(next);
    else if (canWrite) this.#resume(previous);
  }
}

/** The stage, or the first one behind it that was not removed. */
function skipRemoved(stage: Stage | null): Stage | null {
  let found = stage;
  while (found?.isRemoved === true) found = found.next;
  return found;
}
