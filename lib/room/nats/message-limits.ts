import type { StreamConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { MIN_RECORD_BYTES } from '../shared/record-limit.js';

/** Upper bound of the size of a message's headers, which count for the engine's size limits. */
const HEADER_BYTES = 512;
/** The requests with which a relay creates streams and consumers are messages of about this size. */
const MIN_PAYLOAD_BYTES = 1024;
/** A stream that keeps fewer records of the largest size than this could drop them before they are read. */
const MIN_STORED_RECORDS = 4;
/** Size limit of a server that does not state one. */
const DEFAULT_PAYLOAD_BYTES = 64 * 1024;

/** The size limits of messages: that of the server, which changes with each connection, and those of the streams. */
export class MessageLimits {
  readonly #connection: NatsConnection;
  readonly #streamBytes = new Map<string, number>();
  #serverBytes = DEFAULT_PAYLOAD_BYTES;
  /** Limit of an account or a user, which the server does not state. */
  #learnedBytes = Number.POSITIVE_INFINITY;
  /** Size of the largest message that was published over this connection. */
  #largestBytes = 0;
  #isViolated = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** How many bytes of data fit into a message for a stream. */
  maxDataBytes(stream: string): number {
    const streamBytes = this.#streamBytes.get(stream) ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#payloadBytes, streamBytes) - HEADER_BYTES;
  }

  /** The configuration of a stream was read. */
  onStream(
    stream: string,
    { max_msg_size: messageBytes = -1, max_bytes: storedBytes = -1 }: StreamConfig,
  ): void {
    const limits = [messageBytes, Math.floor(storedBytes / MIN_STORED_RECORDS)].filter((bytes) => bytes > 0);
    this.#streamBytes.set(stream, Math.min(...limits));
  }

  onPublish(dataBytes: number): void {
    this.#largestBytes = Math.max(this.#largestBytes, dataBytes + HEADER_BYTES);
  }

  /** The server has closed the connection because of the size of a message. */
  onViolation(): void {
    this.#isViolated = true;
  }

  /** The engine has refused a message of this size, although no known limit explains it. */
  onRefused(dataBytes: number): void {
    this.#learnedBytes = Math.floor((dataBytes + HEADER_BYTES) / 2);
  }

  /** There is a new connection, perhaps to another server. */
  onReconnect(): void {
    this.#learnedBytes = Number.POSITIVE_INFINITY;
    const largestBytes = this.#largestBytes;
    this.#largestBytes = 0;
    if (this.#isViolated && largestBytes <= this.#payloadBytes)
      this.#learnedBytes = Math.floor(largestBytes / 2);
    this.#isViolated = false;
  }

  /**
   * Returns why messages are too small; undefined if they are not.
   *
   * @param stream to which records are published; without it, only requests are sent
   */
  problem(stream?: string): string | undefined {
    const payloadBytes = this.#payloadBytes;
    if (payloadBytes < MIN_PAYLOAD_BYTES) {
      return `max_payload of the server, or of its account, is ${payloadBytes} bytes, and a room needs at least ${MIN_PAYLOAD_BYTES}; raise it`;
    }
    if (stream === undefined || this.maxDataBytes(stream) >= MIN_RECORD_BYTES) return undefined;
    return `the stream ${stream} limits a message to ${this.#streamBytes.get(stream)} bytes, and a room needs at least ${MIN_RECORD_BYTES + HEADER_BYTES}; raise its max_msg_size or max_bytes`;
  }

  get #payloadBytes(): number {
    // While the client connects, it knows no server.
    this.#serverBytes = this.#connection.info?.max_payload ?? this.#serverBytes;
    return Math.min(this.#serverBytes, this.#learnedBytes);
  }
}
