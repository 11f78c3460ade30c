import type { JetStreamClient, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import { redact } from '../../util/redact.js';
import type { Engine, EngineReader } from '../shared/engine.js';
import { disconnect } from './connection.js';
import { Consumer } from './consumer.js';
import type { Packages } from './packages.js';
import { findStream, namesOf, type RoomNames } from './streams.js';

export interface NatsEngineOptions {
  readonly packages: Packages;
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly room: string;
  readonly jetstream: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** The room's log, as it was after the roster was read. */
  readonly info: StreamInfo;
  readonly roster: Uint8Array | undefined;
  /** How long others may take to come back where the engine was away, in ms. */
  readonly settle?: number;
}

/** How long an answer may take, in ms: where the server that leads has died, none comes. */
const PATIENCE = 2000;
/** How long until what failed is tried again, in ms. */
const RETRY = 250;
/** A server that is starting may not know all it has at once: so often a stream has to be missing. */
const MISSING = 4;
/** So many of the last records that were read are remembered, should the engine have forgotten them. */
const REMEMBERED = 16;
/** What a message's headers take of what the engine allows for it, at most, in bytes. */
const HEADERS = 512;

/** A room in a JetStream stream. */
export class NatsEngine implements Engine {
  readonly identity: string;
  readonly first: number;
  readonly last: number;
  readonly maxRecordBytes: number;
  readonly #options: NatsEngineOptions;
  readonly #names: RoomNames;
  #reader: EngineReader | null = null;
  #reading: Consumer | null = null;
  #connected = true;
  /** Since it was away all have had the time to see that what they have read is still there. */
  #settled = true;
  #server: string | undefined;
  #tail: { readonly place: number; readonly message: Msg }[] = [];
  #closed = false;
  #paused = false;
  /** Counts the times that reading was begun: a later one puts an end to the attempts of an earlier one. */
  #attempt = 0;
  #disconnect: (reason: Error) => void = () => {};
  #disconnected: Promise<never>;

  constructor(options: NatsEngineOptions) {
    const { info, connection, room } = options;
    this.#options = options;
    this.#names = namesOf(room);
    this.identity = info.created;
    this.first = info.state.first_seq;
    this.last = info.state.last_seq;
    const payload = connection.info?.max_payload ?? 1024 * 1024;
    const { max_msg_size = -1 } = info.config;
    this.maxRecordBytes = (max_msg_size > 0 ? Math.min(payload, max_msg_size) : payload) - HEADERS;
    this.#server = connection.info?.server_id;
    this.#disconnected = this.#untilDisconnected();
  }

  async publish(id: string, record: Uint8Array): Promise<void> {
    if (!this.#connected || !this.#settled) throw new Error('not connected');
    const publish = this.#options.jetstream.publish(this.#names.said, record, {
      msgID: id,
      timeout: PATIENCE,
      expect: { streamName: this.#names.log },
    });
    // It may still fail when nobody waits for it any more.
    publish.catch(() => {});
    await Promise.race([publish, this.#disconnected]);
  }

  read(from: number, reader: EngineReader): void {
    this.#reader = reader;
    const { packages, connection, jsm, clock } = this.#options;
    this.#reading = new Consumer({
      packages,
      connection,
      jsm,
      clock,
      stream: this.#names.log,
      from,
      record: (place, time, message) => {
        this.#tail.push({ place, message });
        if (this.#tail.length > REMEMBERED) this.#tail.shift();
        reader.onRecord(place, time, message.data);
      },
      gap: (place) => {
        const next = this.#reading?.next ?? from;
        const message = `the engine keeps the room from ${place} on, and ${next} has yet to be read here`;
        this.#lose('ERR_ROOM_GAP', `${message}: this relay was too far behind for what is kept`);
      },
      silent: () => void this.#begin(),
    });
    if (this.#paused) this.#reading.pause();
    connection.subscribe(this.#names.beat, {
      callback: (_error, message) => {
        if (!this.#closed) reader.onHeartbeat(message.data);
      },
    });
    void this.#watch();
    void this.#begin();
  }

  pause(): void {
    this.#paused = true;
    this.#reading?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#reading?.resume();
  }

  heartbeat(bytes: Uint8Array): void {
    if (this.#connected && !this.#closed) this.#options.connection.publish(this.#names.beat, bytes);
  }

  async snapshot(): Promise<Uint8Array | undefined> {
    return this.#options.roster;
  }

  async saveSnapshot(asOf: number, roster: Uint8Array): Promise<void> {
    if (!this.#connected) throw new Error('not connected');
    await this.#options.jetstream.publish(this.#names.rosters, roster, {
      msgID: `${this.identity}:${asOf}`,
      timeout: PATIENCE,
      expect: { streamName: this.#names.roster },
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#reading?.stop();
    await disconnect(this.#options.connection);
  }

  /** Begins to read behind what was read last, and sees that it is still the same room, until that has succeeded. */
  async #begin(): Promise<void> {
    const attempt = ++this.#attempt;
    const over = (): boolean => this.#closed || attempt !== this.#attempt;
    for (let missing = 0; !over(); ) {
      try {
        if (!this.#connected) return;
        const wrong = await this.#verify();
        if (over()) return;
        if (wrong === undefined) {
          await this.#reading?.start();
          if (over()) return;
          await this.#settle();
          if (!over()) this.#reader?.onReconnect();
          return;
        }
        if (!wrong.startsWith('there is no stream') || ++missing >= MISSING) {
          this.#lose('ERR_ROOM_FOREIGN', wrong);
          return;
        }
      } catch (error) {
        if (over()) return;
        // Still away, or again: said once.
        this.#reader?.onOutage(error as Error);
      }
      await new Promise<void>((resolve) => this.#options.clock.setTimer(RETRY, resolve));
    }
  }

  /** @returns why the stream is not the one that was read up to now */
  async #verify(): Promise<string | undefined> {
    const { jsm } = this.#options;
    const name = this.#names.log;
    const info = await findStream(jsm, name);
    if (info === undefined) return `there is no stream ${name} any more`;
    if (info.created !== this.identity) return `the stream ${name} was made anew: it is another room`;
    const { last } = this.#reading ?? {};
    const place = (this.#reading?.next ?? 1) - 1;
    const { first_seq, last_seq } = info.state;
    if (last_seq < place && !(await this.#restore(last_seq))) {
      return `the room has gone backwards: it ends at ${last_seq}, and was read to ${place}`;
    }
    if (last === null || last === undefined || first_seq > place) return undefined;
    const there = await jsm.streams.getMessage(name, { seq: place });
    const same = there === null || there.header.get('Nats-Msg-Id') === idOf(last);
    return same ? undefined : `the room has gone backwards: another record stands at ${place}`;
  }

  /**
   * A server that is killed may have given out, and even acknowledged, what it had not written yet. Whoever has read
   * that writes it again, where it was: nobody says anything new before all have had the time to.
   *
   * @returns whether all that is missing was known here
   */
  async #restore(last: number): Promise<boolean> {
    const missing = this.#tail.filter(({ place }) => place > last);
    if (missing[0]?.place !== last + 1) return false;
    for (const { place, message } of missing) {
      await this.#options.jetstream.publish(this.#names.said, message.data, {
        msgID: idOf(message),
        timeout: PATIENCE,
        expect: { streamName: this.#names.log, lastSequence: place - 1 },
      });
    }
    return true;
  }

  async #settle(): Promise<void> {
    const { connection, clock, settle = 0 } = this.#options;
    const server = connection.info?.server_id;
    // The same server as before has lost nothing: it was the connection that broke.
    if (!this.#settled && server !== this.#server)
      await new Promise<void>((resolve) => clock.setTimer(settle, resolve));
    this.#server = server;
    if (this.#connected) this.#settled = true;
  }

  async #watch(): Promise<void> {
    const { connection } = this.#options;
    void connection.closed().then((reason) => {
      if (this.#closed) return;
      const why = reason instanceof Error ? redact(reason.message) : 'it closed the connection';
      this.#lose('ERR_ROOM_REFUSED', `the engine refuses this relay: ${why}`);
    });
    for await (const status of connection.status()) {
      if (this.#closed) return;
      this.#status(status);
    }
  }

  #status(status: Status): void {
    if (status.type === 'disconnect') {
      this.#connected = false;
      this.#settled = false;
      const reason = new Error('the connection is lost');
      this.#reader?.onOutage(reason);
      this.#disconnect(reason);
      this.#disconnected = this.#untilDisconnected();
    } else if (status.type === 'reconnect') {
      this.#connected = true;
      void this.#begin();
    } else if (status.type === 'error') {
      const { PermissionViolationError } = this.#options.packages.transport;
      if (status.error instanceof PermissionViolationError) {
        this.#lose('ERR_ROOM_REFUSED', `the engine refuses this relay: ${redact(status.error.message)}`);
      }
    }
  }

  #untilDisconnected(): Promise<never> {
    const disconnected = new Promise<never>((_resolve, reject) => {
      this.#disconnect = reject;
    });
    disconnected.catch(() => {});
    return disconnected;
  }

  #lose(code: 'ERR_ROOM_FOREIGN' | 'ERR_ROOM_GAP' | 'ERR_ROOM_REFUSED', message: string): void {
    this.#reading?.stop();
    this.#reader?.onLost(new MiniServError(code, message));
  }
}

function idOf(message: Msg): string {
  return message.headers?.get('Nats-Msg-Id') ?? '';
}
