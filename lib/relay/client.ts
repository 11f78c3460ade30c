import type { Progress } from '../fanout/progress.js';
import { Reader, type ReaderOptions } from '../fanout/reader.js';
import { DuplexSink } from '../sinks/duplex-sink.js';
import type { MiniServError } from '../util/errors.js';
import { type Connection, GuardedDuplex } from './guarded-duplex.js';
import { Source } from './source.js';
import type { TransformRunnerOptions } from './transform-runner.js';

/** Options that all clients of a relay share. One object for all of them keeps idle clients small. */
export interface ClientOptions extends TransformRunnerOptions {
  /** How long a connection that the relay ends may take to deliver what its client is owed, in milliseconds. */
  readonly graceMs: number;
  /** Called when a client's connection is closed. */
  readonly onClose: (client: Client) => void;
}

/** How long a peer that has been sent everything, and our FIN, may take to close its own side, in milliseconds. */
const PEER_CLOSE_TIMEOUT_MS = 100;

/** Leads from a connection to its client. Listeners that all connections share save a quarter of a KiB for each of them. */
const CLIENT = Symbol('client');
type OwnedConnection = Connection & { [CLIENT]: Client };

function onError(this: OwnedConnection, error: Error): void {
  this[CLIENT].setFailed(error);
}

function onClose(this: OwnedConnection): void {
  this[CLIENT].setClosed();
}

function onEnd(this: OwnedConnection): void {
  this[CLIENT].stopReading();
}

function onFirstBytes(this: OwnedConnection, bytes: Buffer | string): void {
  this[CLIENT].begin(bytes);
}

const noop = (): void => {};

/** A connection with its source and its reader. */
export class Client {
  readonly id: number;
  /** The error that broke the connection, or the reason why the relay ends it: the first of them. */
  reason: Error | undefined;
  /** Whether its leaving has come through the room, with a notice or without. */
  hasLeft = false;
  isClosed = false;
  /** Whether new messages of others are for it. */
  isReceiving = false;
  /** When it joined, in milliseconds since 1970. */
  joinedAt = 0;
  /** The lines that it has sent and the room has relayed, and their bytes with newlines. */
  lines = 0;
  bytes = 0;
  readonly #connection: OwnedConnection;
  readonly #options: ClientOptions;
  #source: Source | null = null;
  #reader: Reader | null = null;
  #cancelDisconnect: () => void = noop;
  #onClosed: () => void = noop;

  constructor(id: number, connection: Connection, options: ClientOptions) {
    this.id = id;
    this.#connection = Object.assign(connection, { [CLIENT]: this });
    this.#options = options;
  }

  start(): void {
    const connection = this.#connection;
    connection.on('error', onError);
    connection.on('close', onClose);
    connection.on('end', onEnd);
    if (this.#options.transforms.length > 0) this.begin();
    else connection.on('data', onFirstBytes);
    // Some streams emit data without being asked.
    if (connection instanceof GuardedDuplex) connection.read(0);
    // A connection that ended or closed before its client had an id does not emit these events again.
    this.reason = connection.errored ?? undefined;
    if (connection.readableEnded) process.nextTick(() => this.stopReading());
    if (connection.closed) process.nextTick(() => this.setClosed());
  }

  /** Whether it has received the room's messages at some time. */
  get hasJoined(): boolean {
    return this.#reader !== null;
  }

  /** Bytes of the log that the client has not taken yet. 0 when its connection is closed. */
  get lagBytes(): number {
    return this.isClosed ? 0 : (this.#reader?.lagBytes ?? 0);
  }

  /** Whether it takes what it is sent. `active` when its connection is closed. */
  get progress(): Progress {
    return this.isClosed ? 'active' : (this.#reader?.progress(this.#options.clock.now()) ?? 'active');
  }

  /** Messages that its transforms have been given and have not answered. */
  get pendingTransforms(): number {
    return this.#source?.pendingTransforms ?? 0;
  }

  /** Starts delivering all messages from here on. Returns undefined if the connection is closed. */
  join(options: ReaderOptions): Reader | undefined {
    if (this.isClosed) return undefined;
    this.isReceiving = true;
    this.joinedAt = this.#options.clock.date();
    this.#reader = new Reader(new DuplexSink(this.#connection), this.id, options);
    return this.#reader;
  }

  /** Delivers what the client is owed up to now, and then ends the connection. */
  finish(): void {
    if (this.#reader !== null) this.#reader.finish();
    else this.#connection.end();
  }

  /** Starts reading from the client. `first` was read from the connection already. */
  begin(first?: Buffer | string): void {
    this.#ensureSource().begin(first);
  }

  /** Stops reading from the client. Complete lines that it has sent still go to the room. */
  stopReading(): void {
    this.#ensureSource().end();
  }

  /** Gives up what its transforms have not answered. */
  destroyTransforms(): void {
    this.#source?.destroyTransforms();
  }

  /** Ends the connection in order, within `graceMs`. Resolves when it is closed. */
  close(): Promise<void> {
    this.stopReading();
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#disconnectAfterGrace();
      void this.awaitEnd();
    });
  }

  /** Closes the connection now. Bytes that the kernel has accepted are still delivered. */
  destroy(): void {
    this.#connection.destroy();
  }

  /** Keeps the first reason. `errored` of the connection does not count: a write to a client that has left sets it, too. */
  setFailed(error: Error): void {
    this.reason ??= error;
  }

  /** The connection is closed. */
  setClosed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#cancelDisconnect();
    this.stopReading();
    this.#reader?.stop();
    this.#options.onClose(this);
    this.#onClosed();
  }

  /**
   * Waits until everything, and our FIN, has been sent, and gives the peer a moment to close its side. Then it closes the
   * connection.
   */
  async awaitEnd(): Promise<void> {
    await this.#flush();
    await this.#awaitPeerClose();
  }

  /** The source is created at the client's first byte or its end, which keeps idle clients small. */
  #ensureSource(): Source {
    if (this.#source === null) {
      this.#connection.off('data', onFirstBytes);
      this.#source = new Source(this.id, this.#connection, (error) => this.#disconnect(error), this.#options);
    }
    return this.#source;
  }

  async #flush(): Promise<void> {
    const connection = this.#connection;
    if (this.isClosed || connection.writableFinished) return;
    await new Promise<void>((resolve) => {
      connection.on('finish', resolve);
      connection.on('close', resolve);
    });
  }

  async #awaitPeerClose(): Promise<void> {
    if (this.isClosed) return;
    const { clock } = this.#options;
    const connection = this.#connection;
    await new Promise<void>((resolve) => {
      const cancel = clock.setTimer(PEER_CLOSE_TIMEOUT_MS, () => connection.destroy());
      connection.once('close', () => {
        cancel();
        resolve();
      });
    });
  }

  #disconnect(error: MiniServError): void {
    this.setFailed(error);
    this.#options.warn(error);
    if (!this.isClosed) this.#disconnectAfterGrace();
  }

  #disconnectAfterGrace(): void {
    const { clock, graceMs } = this.#options;
    // A transform may fail a second time, when it processes the leaving of its client.
    this.#cancelDisconnect();
    this.#cancelDisconnect = clock.setTimer(graceMs, () => {
      this.destroy();
      this.#onClosed();
    });
  }
}
