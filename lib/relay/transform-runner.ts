import type { Transform, Writable } from 'node:stream';
import { LineBatch } from '../protocol/line-batch.js';
import { BLOCK_BYTES, type ClientEvent, type Message, toMessages } from '../protocol/message.js';
import { Chain, REFUSED_CODE, type TransformFailure } from '../transforms/chain.js';
import type { MessageTransform } from '../transforms/transform.js';
import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';

export interface TransformRunnerOptions {
  readonly hub: Writable;
  readonly clock: Clock;
  readonly transforms: readonly MessageTransform[];
  readonly onTransformError: 'close' | 'bypass';
  readonly maxLineBytes: number;
  /** Calls `resume` when this client may send more. */
  readonly throttle: (client: number, resume: () => void) => void;
  readonly warn: (warning: MiniServError) => void;
}

/** Passes the messages of a client through its transforms, and writes the results to the hub. */
export class TransformRunner {
  readonly #client: number;
  readonly #onFailure: (error: MiniServError) => void;
  readonly #options: TransformRunnerOptions;
  readonly #chain: Chain;
  /** Lines that came out of the transforms in this turn of the event loop. They go to the hub together. */
  readonly #lines = new LineBatch();
  /** Whether the client receives the room's messages, and whether its arrival was announced. */
  #hasJoined = false;
  #isAnnounced = false;
  /** Whether the transforms passed the notice that the client left, and whether the client has left. */
  #leftPassed = false;
  #hasLeft = false;
  /** Whether lines that came out of the transforms may not be sent yet. */
  #isThrottled = false;

  /** @param onFailure called when a transform failed and its client is to be disconnected */
  constructor(
    client: number,
    tagger: Transform,
    onFailure: (error: MiniServError) => void,
    options: TransformRunnerOptions,
  ) {
    this.#client = client;
    this.#onFailure = onFailure;
    this.#options = options;
    const { clock, transforms, onTransformError, maxLineBytes } = options;
    this.#chain = new Chain({
      client: { id: client },
      transforms,
      maxLineBytes,
      bypassFailed: onTransformError === 'bypass',
      onMessage: (message) => this.#onMessage(message),
      onEnd: () => this.#leave(this.#leftPassed),
      onFailure: (failure) => this.#onChainFailure(failure),
      onWarning: (warning, position) => this.#onChainWarning(warning, position),
      onIdle: () => {
        // A client whose arrival a transform dropped joins all the same. This waits one turn, because a generator may
        // have taken the arrival and be about to yield it.
        if (!this.#hasJoined) clock.setImmediate(() => this.#join(false));
      },
    });
    const resume = (): void => void tagger.resume();
    const write = (messages: readonly Message[]): void => {
      let canWrite = true;
      for (const message of messages) canWrite = this.#chain.write(message, resume) && canWrite;
      if (!canWrite) tagger.pause();
    };
    write([{ kind: 'arrived', client }]);
    tagger.on('data', (event: ClientEvent) => {
      write(event.kind === 'lines' ? toMessages(client, event.bytes) : [{ kind: 'left', client }]);
    });
    tagger.on('end', () => this.#chain.end());
  }

  get pendingCount(): number {
    return this.#chain.pendingCount;
  }

  /** The client has stopped sending. Its last messages may still be on their way. */
  leave(): void {
    this.#chain.leave();
  }

  destroy(): void {
    this.#chain.destroy();
  }

  /** Handles a message from the last transform. Its client is always this one, whatever the transform says. */
  #onMessage(message: Message): boolean {
    if (message.kind === 'line') {
      this.#join(false);
      if (this.#lines.size === 0) process.nextTick(() => this.#flush());
      this.#lines.add(message);
      if (this.#lines.size > BLOCK_BYTES) this.#flush();
    } else if (message.kind === 'arrived') this.#join(true);
    else this.#leftPassed = true;
    return !this.#isThrottled;
  }

  #join(isAnnounced: boolean): void {
    if (this.#hasLeft || (this.#hasJoined && (this.#isAnnounced || !isAnnounced))) return;
    this.#hasJoined = true;
    this.#isAnnounced ||= isAnnounced;
    this.#flush();
    this.#write({ kind: 'joined', client: this.#client, silent: !isAnnounced });
  }

  #leave(isAnnounced: boolean): void {
    if (this.#hasLeft) return;
    this.#join(false);
    this.#hasLeft = true;
    this.#flush();
    this.#write({ kind: 'left', client: this.#client, silent: !isAnnounced });
  }

  #flush(): void {
    if (this.#lines.size === 0) return;
    this.#write({ kind: 'lines', client: this.#client, bytes: this.#lines.take() });
    if (this.#isThrottled) return;
    // The input is throttled too, but a transform can emit far more than it reads.
    this.#isThrottled = true;
    let isWaiting = false;
    this.#options.throttle(this.#client, () => {
      this.#isThrottled = false;
      if (isWaiting) this.#chain.resume();
    });
    isWaiting = this.#isThrottled;
  }

  #write(event: ClientEvent): void {
    // The hub is read as fast as it is written. The message log is what buffers for slow readers.
    this.#options.hub.write(event);
  }

  #onChainWarning(warning: Error | string, position: number): void {
    const client = this.#client;
    const name = this.#options.transforms[position]?.name ?? '';
    const text = typeof warning === 'string' ? warning : warning.message;
    const which = name === '' ? `transform ${position + 1}` : name;
    const details = name === '' ? { client } : { client, transform: name };
    this.#options.warn(
      new MiniServError('ERR_TRANSFORM_WARNING', `client ${client}: ${which}: ${text}`, details),
    );
  }

  #onChainFailure({ error: cause, position, isBypassed }: TransformFailure): void {
    const client = this.#client;
    const { transforms, warn } = this.#options;
    const name = transforms[position]?.name ?? '';
    const reason = name === '' ? cause.message : `${name}: ${cause.message}`;
    const details = name === '' ? { client, cause } : { client, transform: name, cause };
    const which = `transform ${position + 1}`;
    if (isBypassed) {
      const message = `${which} failed for client ${client}: ${reason}; the client continues without it`;
      warn(new MiniServError('ERR_TRANSFORM', message, details));
      return;
    }
    const isRefusal = (cause as NodeJS.ErrnoException).code === REFUSED_CODE;
    this.#onFailure(
      isRefusal
        ? new MiniServError('ERR_REFUSED', `${which} refused client ${client}: ${reason}`, details)
        : new MiniServError('ERR_TRANSFORM', `${which} failed for client ${client}: ${reason}`, details),
    );
    this.#leave(this.#isAnnounced);
  }
}
