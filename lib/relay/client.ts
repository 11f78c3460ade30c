import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Reader, type ReaderOptions } from '../fanout/reader.js';
import { DuplexSink } from '../sinks/duplex-sink.js';
import type { MiniServError } from '../util/errors.js';
import { Source, type SourceOptions } from './source.js';

/** What all clients of a relay have in common: one object for all of them, since idle clients are to cost little. */
export interface ClientOptions extends SourceOptions {
  /** How long a connection that is being ended by us may take to take what it is owed, in ms. */
  readonly graceMs: number;
  /** Told when a client's connection is closed. */
  readonly onClose: (client: Client) => void;
}

/** How long a peer that has been sent everything, and our FIN, is given to close its own side, in ms. */
const LINGER = 100;

const nothing = (): void => {};

/** A connection with its source and its reader. It is the owner of all three. */
export class Client {
  readonly id: number;
  /** What made its connection break, if anything did. */
  reason: Error | undefined;
  /** Whether it has been said, or silently noted, that it left. */
  left = false;
  /** Whether it has been said, or silently noted, that it arrived. */
  arrived = false;
  /** Whether its connection is closed. */
  closed = false;
  readonly #duplex: Duplex;
  readonly #options: ClientOptions;
  #source: Source | null = null;
  #first: (bytes: Buffer | string) => void = nothing;
  #reader: Reader | null = null;
  #cancelKick: () => void = nothing;
  #onClosed: () => void = nothing;

  constructor(id: number, duplex: Duplex, options: ClientOptions) {
    this.id = id;
    this.#duplex = duplex;
    this.#options = options;
  }

  start(): void {
    const duplex = this.#duplex;
    duplex.on('error', (error) => {
      this.reason ??= error;
      // Most have done so by themselves; one that was made otherwise would stay in the room, and hear nothing.
      duplex.destroy();
      // After the 'close' that nearly all emit now.
      process.nextTick(() => this.#close());
    });
    // One that does not end by itself, as a socket does, has done all it was there for.
    if (!(duplex instanceof Socket)) {
      duplex.on('finish', () => {
        if (duplex.readableEnded) duplex.destroy();
      });
    }
    // Otherwise its side would end with the peer's, and what is owed to a peer that half-closed be lost.
    duplex.allowHalfOpen = true;
    duplex.on('close', () => this.#close());
    duplex.on('end', () => this.stopReading());
    if (this.#options.transforms.length > 0) {
      this.#speak().begin();
    } else {
      this.#first = (bytes) => this.#speak().begin(bytes);
      duplex.on('data', this.#first);
      // It may have been paused until it was handed over.
      duplex.resume();
    }
    // Handed over when it had nothing more to say, or was closed: that will not be told again.
    if (duplex.readableEnded) process.nextTick(() => this.stopReading());
    if (duplex.closed) process.nextTick(() => this.#close());
  }

  /** Bytes that it has yet to take. */
  get lag(): number {
    return this.#reader?.lagBytes ?? 0;
  }

  /** How many messages its transforms have been given and have not answered. */
  get pendingTransforms(): number {
    return this.#source?.pendingTransforms ?? 0;
  }

  /** It is in the room: what is said from here on is for it. */
  arrive(options: ReaderOptions): Reader | null {
    this.arrived = true;
    if (this.closed) return null;
    this.#reader = new Reader(new DuplexSink(this.#duplex), this.id, options);
    return this.#reader;
  }

  /** Nothing more is for it: what it is owed is delivered, then its connection ends. */
  finish(): void {
    if (this.#reader !== null) this.#reader.finish();
    else this.#duplex.end();
  }

  /** Stops listening to it. What it has said in complete lines will be said. */
  stopReading(): void {
    this.#speak().end();
  }

  /** Gives its transforms up: what they have not answered will not be said. */
  abandon(): void {
    this.#source?.abandon();
  }

  /** Stops reading, delivers what the client is owed within `graceMs`, and ends the connection. */
  close(): Promise<void> {
    this.stopReading();
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onClosed = resolve;
      this.#disconnectLater();
      void this.flush().then(() => this.awaitPeerClose());
    });
  }

  /** Ends its connection now, with what the kernel has of it still to be delivered. */
  destroy(): void {
    this.#duplex.destroy();
  }

  /** Done when its connection is closed, or as good as: everything was sent, and our FIN after it. */
  async flush(): Promise<void> {
    const duplex = this.#duplex;
    if (this.closed || duplex.writableFinished) return;
    await new Promise<void>((resolve) => {
      duplex.on('finish', resolve);
      duplex.on('close', resolve);
    });
  }

  /** Ends its connection, giving a peer that has been sent everything a moment to close its own side. */
  async awaitPeerClose(): Promise<void> {
    if (this.closed) return;
    const { clock } = this.#options;
    const duplex = this.#duplex;
    await new Promise<void>((resolve) => {
      const cancel = clock.setTimer(LINGER, () => duplex.destroy());
      duplex.once('close', () => {
        cancel();
        resolve();
      });
    });
  }

  /** Its source, which there is not before its first byte, or its end: idle clients are to cost little. */
  #speak(): Source {
    if (this.#source === null) {
      this.#duplex.off('data', this.#first);
      this.#source = new Source(this.id, this.#duplex, (error) => this.#kick(error), this.#options);
    }
    return this.#source;
  }

  #kick(error: MiniServError): void {
    this.reason ??= error;
    this.#options.warn(error);
    if (!this.closed) this.#disconnectLater();
  }

  #disconnectLater(): void {
    const { clock, graceMs } = this.#options;
    // A transform may fail a second time, when it is told that its client left.
    this.#cancelKick();
    this.#cancelKick = clock.setTimer(graceMs, () => {
      this.destroy();
      this.#onClosed();
    });
  }

  #close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#cancelKick();
    this.stopReading();
    this.#reader?.stop();
    this.#options.onClose(this);
    this.#onClosed();
  }
}
