import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { MessageLimits } from './message-limits.js';
import type { Refusals } from './refusals.js';
import { ANSWER_TIMEOUT_MS } from './stream-tail.js';
import { checkStream, findStream } from './streams.js';

/** The configuration of a stream is read again after this time, because anyone may have changed it. */
const CONFIG_AGE_MS = 5000;

export interface PublisherOptions {
  readonly jetstream: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly clock: Clock;
  readonly limits: MessageLimits;
  readonly refusals: Refusals;
  readonly stream: string;
  readonly subject: string;
  /** The stream is no longer that of a room. */
  readonly onLost: (reason: MiniServError) => void;
}

/** Publishes messages to a stream of a room, and finds out why they are refused. */
export class Publisher {
  readonly #options: PublisherOptions;
  #configReadAt: number;
  /** Rejects each answer that is waited for. */
  readonly #pending = new Set<(reason: Error) => void>();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#configReadAt = options.clock.now();
  }

  /** Ends all waits for an answer. */
  onDisconnect(reason: Error): void {
    for (const reject of this.#pending) reject(reason);
    this.#pending.clear();
  }

  /**
   * Publishes a message. If it is too large, the limits are read again.
   *
   * @returns its sequence in the stream
   * @throws {MiniServError} ERR_ROOM_REFUSED if the engine refuses it, and would do so again
   */
  async publish(id: string, bytes: Uint8Array, headers?: MsgHdrs): Promise<number> {
    const { jetstream, limits, refusals, stream, subject } = this.#options;
    const request = `messages for the stream ${stream}`;
    this.checkLimit();
    this.#refreshConfig();
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
      if (refusals.isLimit(error)) await this.#shrink(bytes.length);
      const refusal = refusals.judge(error, request);
      if (refusal !== undefined) throw refusal;
      throw error;
    }
  }

  /** @throws {MiniServError} ERR_ROOM_REFUSED if no record fits into a message */
  checkLimit(): void {
    const { limits, stream } = this.#options;
    const problem = limits.problem(stream);
    if (problem !== undefined) throw new MiniServError('ERR_ROOM_REFUSED', problem);
  }

  /** The engine has refused a message because of its size. */
  async #shrink(bytes: number): Promise<void> {
    const { limits, stream } = this.#options;
    await this.#readConfig();
    if (bytes <= limits.maxDataBytes(stream)) limits.onRefused(bytes);
    this.checkLimit();
  }

  #refreshConfig(): void {
    const { clock, onLost } = this.#options;
    if (clock.now() - this.#configReadAt < CONFIG_AGE_MS) return;
    this.#readConfig().catch((error) => {
      // Any other error says only that the engine is unreachable.
      if (error instanceof MiniServError) onLost(error);
    });
  }

  /** @throws {MiniServError} ERR_ROOM_FOREIGN if the stream is no longer that of a room */
  async #readConfig(): Promise<void> {
    const { jsm, limits, clock, stream, subject } = this.#options;
    this.#configReadAt = clock.now();
    const info = await this.#answer(findStream(jsm, stream));
    if (info === undefined) return;
    limits.onStream(stream, info.config);
    checkStream(info.config, stream, subject);
  }

  /** Waits for an answer as long as the connection exists. */
  #answer<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      answer.then(resolve, reject).finally(() => this.#pending.delete(reject));
    });
  }
}
