import type { JetStreamClient, JetStreamManager, JetStreamPublishOptions } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { MessageLimits } from './message-limits.js';
import type { Refusals } from './refusals.js';
import { ANSWER_TIMEOUT_MS } from './stream-tail.js';
import { checkStream, findStream } from './streams.js';

/** The configuration of a stream is read again after this time, because anyone may have changed it. */
const CONFIG_AGE_MS = 5000;

export interface PublisherOptions {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly clock: Clock;
  readonly limits: MessageLimits;
  readonly refusals: Refusals;
  /** The stream is no longer that of a room. */
  readonly onLost: (reason: MiniServError) => void;
}

/** One message for a stream. */
export interface Publication {
  readonly stream: string;
  readonly subject: string;
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly headers?: JetStreamPublishOptions['headers'];
}

/** Publishes messages to the streams of a room, and finds out why they are refused. */
export class Publisher {
  readonly #options: PublisherOptions;
  /** By stream. */
  readonly #configReadAt = new Map<string, number>();
  #rejectPending: (reason: Error) => void = () => {};
  #disconnected: Promise<never>;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#disconnected = this.#untilDisconnected();
  }

  /** Ends all waits for an answer. */
  onDisconnect(reason: Error): void {
    this.#rejectPending(reason);
    this.#disconnected = this.#untilDisconnected();
  }

  /**
   * Publishes a message. If it is too large, the limits are read again.
   *
   * @returns its sequence in the stream
   * @throws {MiniServError} ERR_ROOM_REFUSED if the engine refuses it, and would do so again
   */
  async publish({ stream, subject, id, bytes, headers }: Publication): Promise<number> {
    const { jetstream, limits, refusals } = this.#options;
    const request = `messages for the stream ${stream}`;
    this.checkLimit(stream);
    this.#refreshConfig(stream, subject);
    if (bytes.length > limits.maxDataBytes(stream)) throw new Error('the message is larger than the limit');
    const options = {
      msgID: id,
      timeout: ANSWER_TIMEOUT_MS,
      expect: { streamName: stream },
      ...(headers && { headers }),
    };
    try {
      limits.onPublish(bytes.length);
      const { seq } = await this.#answer(jetstream.publish(subject, bytes, options));
      refusals.onSuccess(request);
      return seq;
    } catch (error) {
      if (refusals.isLimit(error)) await this.#shrink(stream, subject, bytes.length);
      const refusal = refusals.judge(error, request);
      if (refusal !== undefined) throw refusal;
      throw error;
    }
  }

  /** @throws {MiniServError} ERR_ROOM_REFUSED if no record fits into a message */
  checkLimit(stream: string): void {
    const problem = this.#options.limits.problem(stream);
    if (problem !== undefined) throw new MiniServError('ERR_ROOM_REFUSED', problem);
  }

  /** The engine has refused a message because of its size. */
  async #shrink(stream: string, subject: string, bytes: number): Promise<void> {
    const { limits } = this.#options;
    await this.#readConfig(stream, subject);
    if (bytes <= limits.maxDataBytes(stream)) limits.onRefused(bytes);
    this.checkLimit(stream);
  }

  #refreshConfig(stream: string, subject: string): void {
    const { clock, onLost } = this.#options;
    if (clock.now() - (this.#configReadAt.get(stream) ?? 0) < CONFIG_AGE_MS) return;
    this.#readConfig(stream, subject).catch((error) => {
      // Any other error says only that the engine is unreachable.
      if (error instanceof MiniServError) onLost(error);
    });
  }

  /** @throws {MiniServError} ERR_ROOM_FOREIGN if the stream is no longer that of a room */
  async #readConfig(stream: string, subject: string): Promise<void> {
    const { jsm, limits, clock } = this.#options;
    this.#configReadAt.set(stream, clock.now());
    const info = await this.#answer(findStream(jsm, stream));
    if (info === undefined) return;
    limits.onStream(stream, info.config);
    checkStream(info.config, stream, subject);
  }

  /** Waits for an answer as long as the connection exists. */
  #answer<T>(answer: Promise<T>): Promise<T> {
    // The answer can still arrive after the race is over.
    answer.catch(() => {});
    return Promise.race([answer, this.#disconnected]);
  }

  #untilDisconnected(): Promise<never> {
    const disconnected = new Promise<never>((_resolve, reject) => {
      this.#rejectPending = reject;
    });
    disconnected.catch(() => {});
    return disconnected;
  }
}
