import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';
import {
  contain,
  type ForeignDuplex,
  guardMethod,
  guardPromises,
  NO_REASON,
  toBytes,
  toStreamError,
} from './foreign-duplex.js';

type Callback = (error?: Error | null) => void;

/** A client's connection: a socket that the relay has accepted, or any stream that was passed to `relay.handle`. */
export type Connection = Socket | GuardedDuplex;

/** Bounds how often a stream that produces bytes without end is read at once. */
const MAX_READS = 100;

/** How long a stream that has ended its side and has taken everything may take to emit `finish`, in milliseconds. */
const FINISH_TIMEOUT_MS = 2000;

const noop = (): void => {};

/** The streams that are or were a client of a relay in this process. */
const handled = new WeakSet<Duplex>();

/**
 * A stream that was passed to `relay.handle`, behind one that behaves as Node documents it. A method of the inner stream
 * may throw, reject or never answer, and its events may be missing, repeated or late: only this client ends. It closes as
 * soon as the inner stream has ended on both sides, has failed, is closed or was destroyed, and then destroys it.
 */
export class GuardedDuplex extends Duplex {
  readonly #inner: ForeignDuplex;
  readonly #clock: Clock;
  /** Whether the inner stream passes the log's buffers on at once. Any other stream gets a copy, which it may keep. */
  #sharesBuffers = false;
  /** Whether its write() calls back. */
  #hasCallbacks = true;
  #isReading = false;
  /** Whether more bytes are wanted since the last were pushed, and whether the inner stream is paused. */
  #isWanted = false;
  #isPaused = true;
  #isTaking = false;
  #hasEnded = false;
  #isFinishing = false;
  #hasFinished = false;
  #cancelTimer = noop;
  #reason: unknown;
  #onFinish = noop;
  #onDrain = noop;

  /** @throws {MiniServError} ERR_STATE if the stream is or was a client */
  constructor(inner: Duplex, clock: Clock) {
    if (handled.has(inner)) {
      throw new MiniServError('ERR_STATE', 'the stream is or was a client; pass a new stream');
    }
    super();
    handled.add(inner);
    this.#inner = inner;
    this.#clock = clock;
    this.#listen();
    this.#attempt(() => this.#catchUp());
  }

  /** Takes the bytes that the inner stream has received and not passed on. */
  takeReceived(): void {
    if (this.#isTaking || this.#hasEnded || this.destroyed) return;
    const inner = this.#inner;
    this.#isTaking = true;
    for (let i = 0; i < MAX_READS; i++) {
      const chunk: unknown = this.#attempt(() => inner.read());
      if (chunk === null || chunk === undefined) break;
      const bytes = this.#attempt(() => toBytes(chunk, inner));
      if (bytes !== undefined) this.push(bytes);
    }
    this.#isTaking = false;
  }

  override _read(): void {
    this.#isWanted = true;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isReading) this.#on('data', (chunk) => this.#onData(chunk));
    this.#isReading = true;
    this.#attempt(() => this.#inner.resume());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: Callback): void {
    const buffers = chunks.map(({ chunk }) => chunk);
    this.#send(buffers, callback);
  }

  override _final(callback: Callback): void {
    this.#onFinish = callback;
    if (this.#hasFinished) {
      this.#setFinished();
    } else {
      this.#isFinishing = true;
      this.#limitFinish();
      this.#attempt(() => this.#inner.end());
    }
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#cancelTimer();
    this.#attempt(() => this.#inner.destroy());
    callback(error);
  }

  #listen(): void {
    const inner = this.#inner;
    this.#on('error', (error) => this.#close(error ?? NO_REASON));
    // An on() that fails once must not let a later error end the process.
    if (this.destroyed) contain(() => EventEmitter.prototype.on.call(inner, 'error', noop), noop);
    this.#on('close', () => this.#close());
    this.#on('end', () => this.#setEnded());
    this.#on('finish', () => this.#setFinished());
    this.#on('drain', () => this.#onDrain());
    this.#attempt(() => {
      // Node calls these methods of a stream by itself, in turns in which no exception can be caught elsewhere.
      const onFailure = (error: unknown): void => this.#close(error);
      guardPromises(inner, onFailure);
      // Exceptions of others' listeners must stay uncaught, so Node's own emit() is not replaced.
      if (inner.emit !== EventEmitter.prototype.emit) guardMethod(inner, 'emit', onFailure);
      guardMethod(inner, 'read', onFailure);
      guardMethod(inner, 'resume', onFailure);
      guardMethod(inner, 'destroy', onFailure, (error) => {
        // Some streams emit nothing when they are destroyed. Others have done so by then.
        setImmediate(() => this.#close(error));
      });
      // Otherwise the stream ends our side when the peer half-closes, and what the peer is owed is lost.
      inner.allowHalfOpen = true;
      this.#sharesBuffers = inner.constructor === Socket;
      this.#hasCallbacks = inner._duplexState === undefined;
    });
  }

  /** Handles what happened to the stream before it was handed over. */
  #catchUp(): void {
    const inner = this.#inner;
    const { errored, destroyed, _readableState: readable, _writableState: writable } = inner;
    if (errored || destroyed) this.#close(errored);
    if (inner.readableEnded ?? readable?.endEmitted) this.#setEnded();
    if (inner.writableFinished ?? writable?.finished) this.#setFinished();
  }

  #onData(chunk: unknown): void {
    if (this.#isTaking || this.#hasEnded || this.destroyed) return;
    const inner = this.#inner;
    const bytes = this.#attempt(() => toBytes(chunk, inner));
    if (bytes === undefined || bytes.length === 0) return;
    this.#isWanted = false;
    if (this.push(bytes) || this.#isWanted) return;
    this.#isPaused = true;
    this.#attempt(() => inner.pause());
  }

  #setEnded(): void {
    if (this.#hasEnded || this.destroyed) return;
    this.#hasEnded = true;
    this.#limitFinish();
    this.push(null);
  }

  /** The inner stream takes nothing more: it has taken everything, or was ended by its owner. */
  #setFinished(): void {
    this.#hasFinished = true;
    const onFinish = this.#onFinish;
    this.#onFinish = noop;
    onFinish();
    this.end();
  }

  /** Does not wait without end for `finish`: a Duplex.from() on a process that exits may emit nothing. */
  #limitFinish(): void {
    if (!this.#hasEnded || !this.#isFinishing) return;
    this.#cancelTimer = this.#clock.setTimer(FINISH_TIMEOUT_MS, () => this.#close());
  }

  #send(buffers: Buffer[], callback: Callback): void {
    const inner = this.#inner;
    let isDone = false;
    const done = (error?: unknown): void => {
      if (isDone) return;
      isDone = true;
      callback(error === undefined || error === null ? null : toStreamError(error));
    };
    const isEnded = this.#attempt(() => inner.writable === false);
    if (buffers.every(({ length }) => length === 0)) {
      done();
    } else if (isEnded) {
      // Its owner has ended it, and the client may still send.
      done();
      this.end();
    } else if (this.#sharesBuffers) {
      this.#writeAll(buffers, done);
    } else {
      const canWrite = this.#attempt(() => inner.write(Buffer.concat(buffers), done));
      if (!this.#hasCallbacks) {
        this.#onDrain = done;
        if (canWrite) done();
      }
    }
  }

  #writeAll(buffers: readonly Buffer[], done: (error?: unknown) => void): void {
    const inner = this.#inner;
    const last = buffers.length - 1;
    if (last > 0) this.#attempt(() => inner.cork());
    for (let i = 0; i < last; i++) this.#attempt(() => inner.write(buffers[i]));
    this.#attempt(() => inner.write(buffers[last], done));
    if (last > 0) this.#attempt(() => inner.uncork());
  }

  /** Takes what can still be taken, and closes this stream. The first reason is the one that counts. */
  #close(reason?: unknown): void {
    if (this.destroyed) return;
    this.#reason ??= reason;
    this.takeReceived();
    this.destroy(
      this.#reason === undefined || this.#reason === null ? undefined : toStreamError(this.#reason),
    );
  }

  #on(event: string, listener: (argument: unknown) => void): void {
    this.#attempt(() => this.#inner.on(event, listener));
  }

  #attempt<T>(call: () => T): T | undefined {
    return contain(call, (error) => this.#close(error));
  }
}
