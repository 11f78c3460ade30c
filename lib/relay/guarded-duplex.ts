import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { MiniServError } from '../util/errors.js';
import { contain, type ForeignDuplex, guardMethod, NO_REASON, toBytes, toError } from './foreign-duplex.js';

type Callback = (error?: Error | null) => void;

/** A client's connection: a socket that the relay has accepted, or any stream that was passed to `relay.handle`. */
export type Connection = Socket | GuardedDuplex;

/** Bounds how often a stream that produces bytes without end is read at once. */
const MAX_READS = 100;

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
  /** Whether the inner stream passes the log's buffers on at once. Any other stream gets a copy, which it may keep. */
  #sharesBuffers = false;
  #isReading = false;
  /** Whether more bytes are wanted since the last were pushed, and whether the inner stream is paused. */
  #isWanted = false;
  #isPaused = true;
  #isTaking = false;
  #hasEnded = false;
  #hasFinished = false;
  #reason: unknown;
  #onFinish = noop;
  #onDrain = noop;

  /** @throws {MiniServError} ERR_STATE if the stream is or was a client */
  constructor(inner: Duplex) {
    if (handled.has(inner)) {
      throw new MiniServError('ERR_STATE', 'the stream is or was a client: a stream can be handled once');
    }
    super();
    handled.add(inner);
    this.#inner = inner;
    this.#attempt(() => this.#listen());
    // Its on() may fail where that of Node does not.
    if (this.destroyed) contain(() => EventEmitter.prototype.on.call(inner, 'error', noop), noop);
    this.#attempt(() => this.#catchUp());
  }

  /** Takes the bytes that the inner stream has received and not passed on. */
  takeReceived(): void {
    if (this.#isTaking || this.#hasEnded || this.destroyed) return;
    const inner = this.#inner;
    this.#isTaking = true;
    for (let i = 0; i < MAX_READS; i++) {
      const bytes = this.#attempt(() => {
        const chunk: unknown = inner.read();
        return chunk === null ? undefined : toBytes(chunk, inner);
      });
      if (bytes === undefined) break;
      this.push(bytes);
    }
    this.#isTaking = false;
  }

  override _read(): void {
    this.#isWanted = true;
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#attempt(() => {
      if (!this.#isReading) this.#inner.on('data', (chunk: unknown) => this.#onData(chunk));
      this.#isReading = true;
      this.#inner.resume();
    });
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
    this.#attempt(() => {
      if (this.#hasFinished) this.#setFinished();
      else this.#inner.end();
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#attempt(() => this.#inner.destroy());
    callback(error);
  }

  #listen(): void {
    const inner = this.#inner;
    inner.on('error', (error: unknown) => this.#close(error ?? NO_REASON));
    inner.on('close', () => this.#close());
    inner.on('end', () => this.#setEnded());
    inner.on('finish', () => this.#setFinished());
    inner.on('drain', () => this.#setDrained());
    // Node calls these two methods of a stream by itself, in turns in which no exception can be caught elsewhere.
    const onFailure = (error: unknown): void => this.#close(error);
    guardMethod(inner, 'read', onFailure);
    guardMethod(inner, 'destroy', onFailure, (error) => {
      // Some streams emit nothing when they are destroyed. Others emit by then.
      setImmediate(() => this.#close(error));
    });
    // Otherwise the stream ends our side when the peer half-closes, and what the peer is owed is lost.
    inner.allowHalfOpen = true;
    this.#sharesBuffers = inner.constructor === Socket;
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

  #setDrained(): void {
    this.#onDrain();
  }

  #send(buffers: Buffer[], callback: Callback): void {
    const inner = this.#inner;
    let isDone = false;
    const done = (error?: unknown): void => {
      if (isDone) return;
      isDone = true;
      callback(error === undefined || error === null ? null : toError(error));
    };
    this.#attempt(() => {
      if (inner.writable === false) {
        // Its owner has ended it, and the client may still send.
        done();
        this.end();
      } else if (this.#sharesBuffers) {
        writeAll(inner, buffers, done);
      } else {
        const canWrite = inner.write(Buffer.concat(buffers), done);
        if (inner._duplexState === undefined) return;
        if (canWrite) done();
        else this.#onDrain = done;
      }
    });
  }

  /** Takes what can still be taken, and closes this stream. The first reason is the one that counts. */
  #close(reason?: unknown): void {
    if (this.destroyed) return;
    this.#reason ??= reason;
    this.takeReceived();
    this.destroy(this.#reason === undefined || this.#reason === null ? undefined : toError(this.#reason));
  }

  #attempt<T>(call: () => T): T | undefined {
    return contain(call, (error) => this.#close(error));
  }
}

function writeAll(stream: Duplex, buffers: readonly Buffer[], done: Callback): void {
  const last = buffers.length - 1;
  if (last > 0) stream.cork();
  for (let i = 0; i < last; i++) stream.write(buffers[i]);
  stream.write(buffers[last], done);
  if (last > 0) stream.uncork();
}
