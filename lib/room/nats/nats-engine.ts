import type { JetStreamClient, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection, Status } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { type ErrorCode, MiniServError } from '../../util/errors.js';
import type { Engine, EngineReader } from '../shared/engine.js';
import { disconnect, permissionError, refusedError } from './connection.js';
import { Consumer } from './consumer.js';
import type { Packages } from './packages.js';
import { ANSWER_TIMEOUT_MS, StreamTail } from './stream-tail.js';
import { namesOf, type RoomNames } from './streams.js';

export interface NatsEngineOptions {
  readonly packages: Packages;
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly room: string;
  readonly jsm: JetStreamManager;
  /** The stream of the records, loaded after the snapshot. */
  readonly info: StreamInfo;
  readonly snapshot: Uint8Array | undefined;
  /** How long other relays may take to reconnect after a server was restarted, in milliseconds. Default: 0. */
  readonly settleMs?: number;
}

const RETRY_DELAY_MS = 250;
/** A starting server does not know its streams at once: a stream is missing after this many failed attempts. */
const MAX_MISSING = 4;
/** Upper bound of the size of a message's headers, which count for the engine's size limit. */
const HEADER_BYTES = 512;
/** Size limit of a server that does not state one. */
const DEFAULT_PAYLOAD_BYTES = 1024 * 1024;

/** A room in NATS JetStream: its records are the messages of a stream. */
export class NatsEngine implements Engine {
  readonly identity: string;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly maxRecordBytes: number;
  readonly #options: NatsEngineOptions;
  readonly #names: RoomNames;
  readonly #jetstream: JetStreamClient;
  #reader: EngineReader | null = null;
  #consumer: Consumer | null = null;
  #tail: StreamTail | null = null;
  #isConnected = true;
  /** Whether all relays have had time to restore lost records after the last interruption. */
  #isSettled = true;
  #isClosed = false;
  #isPaused = false;
  #serverId: string | undefined;
  /** Counts the starts of reading. A later start ends the attempts of an earlier one. */
  #start = 0;
  #rejectPending: (reason: Error) => void = () => {};
  #disconnected: Promise<never>;

  constructor(options: NatsEngineOptions) {
    const { info, connection, room, packages } = options;
    this.#options = options;
    this.#names = namesOf(room);
    this.#jetstream = packages.jetstream.jetstream(connection);
    this.identity = info.created;
    this.firstSequence = info.state.first_seq;
    this.lastSequence = info.state.last_seq;
    const payloadBytes = connection.info?.max_payload ?? DEFAULT_PAYLOAD_BYTES;
    const { max_msg_size: streamLimit = -1 } = info.config;
    this.maxRecordBytes =
      (streamLimit > 0 ? Math.min(payloadBytes, streamLimit) : payloadBytes) - HEADER_BYTES;
    this.#serverId = connection.info?.server_id;
    this.#disconnected = this.#untilDisconnected();
  }

  async publish(id: string, record: Uint8Array): Promise<void> {
    if (!this.#isConnected || !this.#isSettled) throw new Error('the connection is lost');
    const publishing = this.#publish(this.#names.recordStream, this.#names.recordSubject, id, record);
    // An answer can still arrive after the race is over.
    publishing.catch(() => {});
    await Promise.race([publishing, this.#disconnected]);
  }

  read(fromSequence: number, reader: EngineReader): void {
    this.#reader = reader;
    const { packages, connection, jsm, clock } = this.#options;
    const lastSequence = fromSequence - 1;
    const tail = new StreamTail({
      jetstream: this.#jetstream,
      jsm,
      names: this.#names,
      created: this.identity,
      lastSequence,
    });
    const consumer = new Consumer({
      packages,
      connection,
      jsm,
      clock,
      stream: this.#names.recordStream,
      fromSequence,
      onRecord: (sequence, time, message) => {
        tail.push(sequence, message);
        reader.onRecord(sequence, time, message.data);
      },
      onGap: (sequence) => {
        const message = `this relay is too far behind: it has to read record ${consumer.nextSequence}, and the engine keeps only ${sequence} and later; increase the retention of the room`;
        this.#lose('ERR_ROOM_GAP', message);
      },
      onStall: () => void this.#startReading(),
    });
    this.#tail = tail;
    this.#consumer = consumer;
    if (this.#isPaused) consumer.pause();
    connection.subscribe(this.#names.heartbeatSubject, {
      callback: (_error, message) => {
        if (!this.#isClosed) reader.onHeartbeat(message.data);
      },
    });
    void this.#watchConnection();
    void this.#startReading();
  }

  pause(): void {
    this.#isPaused = true;
    this.#consumer?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#consumer?.resume();
  }

  sendHeartbeat(bytes: Uint8Array): void {
    if (!this.#isConnected || this.#isClosed) return;
    this.#options.connection.publish(this.#names.heartbeatSubject, bytes);
  }

  async loadSnapshot(): Promise<Uint8Array | undefined> {
    return this.#options.snapshot;
  }

  async saveSnapshot(sequence: number, snapshot: Uint8Array): Promise<void> {
    if (!this.#isConnected) throw new Error('the connection is lost');
    const { snapshotStream, snapshotSubject } = this.#names;
    await this.#publish(snapshotStream, snapshotSubject, `${this.identity}:${sequence}`, snapshot);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#consumer?.stop();
    await disconnect(this.#options.connection);
  }

  async #publish(streamName: string, subject: string, id: string, bytes: Uint8Array): Promise<void> {
    const options = { msgID: id, timeout: ANSWER_TIMEOUT_MS, expect: { streamName } };
    await this.#jetstream.publish(subject, bytes, options);
  }

  /** Starts reading after the last record that was read. Repeats failed attempts until one succeeds. */
  async #startReading(): Promise<void> {
    const start = ++this.#start;
    const isOver = (): boolean => this.#isClosed || start !== this.#start;
    for (let missing = 0; !isOver(); ) {
      try {
        if (!this.#isConnected) return;
        const problem = await this.#tail?.verify();
        if (isOver()) return;
        if (problem === undefined) {
          await this.#consumer?.start();
          if (isOver()) return;
          await this.#settle();
          if (!isOver()) this.#reader?.onReconnect();
          return;
        }
        if (!problem.isMissing || ++missing >= MAX_MISSING) {
          this.#lose('ERR_ROOM_FOREIGN', problem.reason);
          return;
        }
      } catch (error) {
        if (isOver()) return;
        this.#reader?.onOutage(error as Error);
      }
      await this.#sleep(RETRY_DELAY_MS);
    }
  }

  /** Waits until the other relays have restored the records that a restarted server has lost. */
  async #settle(): Promise<void> {
    const { connection, settleMs = 0 } = this.#options;
    const serverId = connection.info?.server_id;
    // A server that kept running has lost nothing: only the connection broke.
    if (!this.#isSettled && serverId !== this.#serverId) await this.#sleep(settleMs);
    this.#serverId = serverId;
    if (this.#isConnected) this.#isSettled = true;
  }

  async #watchConnection(): Promise<void> {
    const { connection } = this.#options;
    void connection.closed().then((reason) => {
      if (this.#isClosed) return;
      this.#refuse(reason instanceof Error ? reason : new Error('it closed the connection'));
    });
    for await (const status of connection.status()) {
      if (this.#isClosed) return;
      this.#onStatus(status);
    }
  }

  #onStatus(status: Status): void {
    if (status.type === 'disconnect') {
      this.#isConnected = false;
      this.#isSettled = false;
      const reason = new Error('the connection is lost');
      this.#reader?.onOutage(reason);
      this.#rejectPending(reason);
      this.#disconnected = this.#untilDisconnected();
    } else if (status.type === 'reconnect') {
      this.#isConnected = true;
      void this.#startReading();
    } else {
      const error = permissionError(this.#options.packages, status);
      if (error !== undefined) this.#refuse(error);
    }
  }

  #untilDisconnected(): Promise<never> {
    const disconnected = new Promise<never>((_resolve, reject) => {
      this.#rejectPending = reject;
    });
    disconnected.catch(() => {});
    return disconnected;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimer(ms, resolve));
  }

  #refuse(reason: Error): void {
    this.#consumer?.stop();
    this.#reader?.onLost(refusedError('the engine', reason));
  }

  #lose(code: ErrorCode, message: string): void {
    this.#consumer?.stop();
    this.#reader?.onLost(new MiniServError(code, message));
  }
}
