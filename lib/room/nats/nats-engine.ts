import type { JetStreamClient, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection, Status } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { Engine, EngineReader } from '../shared/engine.js';
import {
  authenticationError,
  disconnect,
  isPayloadViolation,
  refusalOf,
  refusedError,
} from './connection.js';
import { MessageLimits } from './message-limits.js';
import type { Packages } from './packages.js';
import { Publisher } from './publisher.js';
import { Refusals } from './refusals.js';
import { loadLatestSnapshot, saveInParts } from './snapshot-store.js';
import { StreamReader } from './stream-reader.js';
import { namesOf, type RoomNames } from './streams.js';

export interface NatsEngineOptions {
  readonly packages: Packages;
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly room: string;
  readonly jsm: JetStreamManager;
  /** The stream of the records. */
  readonly info: StreamInfo;
  /** How long other relays may take to reconnect after a server was restarted, in milliseconds. Default: 0. */
  readonly settleMs?: number;
}

/** A room in NATS JetStream: its records are the messages of a stream. */
export class NatsEngine implements Engine {
  readonly identity: string;
  readonly #options: NatsEngineOptions;
  readonly #names: RoomNames;
  readonly #jetstream: JetStreamClient;
  readonly #limits: MessageLimits;
  readonly #refusals: Refusals;
  readonly #records: Publisher;
  readonly #snapshots: Publisher;
  #info: StreamInfo;
  #reader: EngineReader | null = null;
  #streamReader: StreamReader | null = null;
  #isConnected = true;
  /** Whether the stream is read again after the last interruption, so that records can follow. */
  #isReading = true;
  #isClosed = false;
  #isPaused = false;
  /** The last error that the server has reported about the credentials. */
  #rejection: Error | undefined;

  constructor(options: NatsEngineOptions) {
    const { info, connection, room, packages, jsm, clock } = options;
    this.#options = options;
    this.#names = namesOf(room);
    this.#info = info;
    this.identity = info.created;
    this.#jetstream = packages.jetstream.jetstream(connection);
    this.#limits = new MessageLimits(connection);
    this.#limits.onStream(this.#names.recordStream, info.config);
    this.#refusals = new Refusals(packages, connection, clock);
    const { recordStream, recordSubject, snapshotStream, snapshotSubject } = this.#names;
    const common = {
      jetstream: this.#jetstream,
      jsm,
      clock,
      limits: this.#limits,
      refusals: this.#refusals,
    };
    this.#records = new Publisher({
      ...common,
      stream: recordStream,
      subject: recordSubject,
      onLost: (reason) => this.#lose(reason),
    });
    // Without snapshots the room continues. Saving the next one fails and says why.
    this.#snapshots = new Publisher({
      ...common,
      stream: snapshotStream,
      subject: snapshotSubject,
      onLost: () => {},
    });
  }

  get firstSequence(): number {
    return this.#info.state.first_seq;
  }

  get lastSequence(): number {
    return this.#info.state.last_seq;
  }

  get maxRecordBytes(): number {
    return this.#limits.maxDataBytes(this.#names.recordStream);
  }

  /** @throws {MiniServError} ERR_ROOM_REFUSED if no record fits into a message */
  checkLimits(): void {
    this.#records.checkLimit();
  }

  async publish(id: string, bytes: Uint8Array): Promise<void> {
    if (!this.#isConnected || !this.#isReading) throw new Error('the connection is lost');
    const sequence = await this.#records.publish(id, bytes);
    this.#streamReader?.expect(sequence);
  }

  read(fromSequence: number, reader: EngineReader): void {
    this.#reader = reader;
    const { settleMs = 0, connection } = this.#options;
    this.#streamReader = new StreamReader({
      ...this.#options,
      jetstream: this.#jetstream,
      names: this.#names,
      created: this.identity,
      fromSequence,
      settleMs,
      limits: this.#limits,
      refusals: this.#refusals,
      isConnected: () => this.#isConnected,
      onRecord: (sequence, time, bytes) => reader.onRecord(sequence, time, bytes),
      onStart: () => {
        this.#isReading = true;
        reader.onReconnect();
      },
      onOutage: (reason) => reader.onOutage(reason),
      onLost: (reason) => this.#lose(reason),
    });
    if (this.#isPaused) this.#streamReader.pause();
    connection.subscribe(this.#names.heartbeatSubject, {
      callback: (_error, message) => {
        if (!this.#isClosed) reader.onHeartbeat(message.data);
      },
    });
    void this.#watchConnection();
    void this.#streamReader.start();
  }

  pause(): void {
    this.#isPaused = true;
    this.#streamReader?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#streamReader?.resume();
  }

  sendHeartbeat(bytes: Uint8Array): void {
    const { connection } = this.#options;
    const canSend = bytes.length <= (connection.info?.max_payload ?? 0);
    if (this.#isConnected && !this.#isClosed && canSend) {
      connection.publish(this.#names.heartbeatSubject, bytes);
    }
  }

  async loadSnapshot(isValid: (snapshot: Uint8Array) => boolean): Promise<Uint8Array | undefined> {
    const { jsm } = this.#options;
    const { snapshotStream, recordStream } = this.#names;
    const snapshot = await loadLatestSnapshot(jsm, snapshotStream, isValid);
    // After the snapshot: the stream must not end before the record that the snapshot includes last.
    this.#info = await jsm.streams.info(recordStream);
    return snapshot;
  }

  async saveSnapshot(sequence: number, snapshot: Uint8Array): Promise<void> {
    if (!this.#isConnected) throw new Error('the connection is lost');
    const maxPartBytes = this.#limits.maxDataBytes(this.#names.snapshotStream);
    try {
      await saveInParts({
        snapshot,
        id: `${this.identity}:${sequence}`,
        maxPartBytes,
        createHeaders: this.#options.packages.transport.headers,
        store: (id, bytes, headers) => this.#snapshots.publish(id, bytes, headers),
      });
    } catch (error) {
      const isSmaller = this.#limits.maxDataBytes(this.#names.snapshotStream) < maxPartBytes;
      if (error instanceof MiniServError || !isSmaller) throw error;
      // The parts were too large for the limit, which was read again.
      await this.saveSnapshot(sequence, snapshot);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#streamReader?.stop();
    await disconnect(this.#options.connection);
  }

  async #watchConnection(): Promise<void> {
    const { connection } = this.#options;
    void connection.closed().then((reason) => {
      if (this.#isClosed) return;
      this.#refuse(this.#rejection ?? reason ?? new Error('it closed the connection'));
    });
    for await (const status of connection.status()) {
      if (this.#isClosed) return;
      this.#onStatus(status);
    }
  }

  #onStatus(status: Status): void {
    if (status.type === 'disconnect') {
      this.#isConnected = false;
      this.#isReading = false;
      const reason = new Error('the connection is lost');
      this.#reader?.onOutage(reason);
      this.#records.onDisconnect(reason);
      this.#snapshots.onDisconnect(reason);
    } else if (status.type === 'reconnect') {
      this.#isConnected = true;
      this.#limits.onReconnect();
      this.#refusals.onReconnect();
      void this.#streamReader?.start();
    } else if (isPayloadViolation(status)) {
      this.#limits.onViolation();
    } else {
      const error = refusalOf(this.#options.packages, status);
      if (error !== undefined) this.#refuse(error);
      // The client closes the connection if the server rejects its credentials again.
      this.#rejection = authenticationError(this.#options.packages, status) ?? this.#rejection;
    }
  }

  #refuse(reason: Error): void {
    this.#lose(refusedError('the engine', reason));
  }

  #lose(reason: MiniServError): void {
    this.#streamReader?.stop();
    this.#reader?.onLost(reason);
  }
}
