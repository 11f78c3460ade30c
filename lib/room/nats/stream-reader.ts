import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import { Consumer } from './consumer.js';
import type { MessageLimits } from './message-limits.js';
import type { Packages } from './packages.js';
import type { Refusals } from './refusals.js';
import { type StreamProblem, StreamTail } from './stream-tail.js';
import { checkStream, findStream, type RoomNames } from './streams.js';

export interface StreamReaderOptions {
  readonly packages: Packages;
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly clock: Clock;
  readonly names: RoomNames;
  /** When the stream was created, which identifies it. */
  readonly created: string;
  readonly fromSequence: number;
  readonly settleMs: number;
  readonly limits: MessageLimits;
  readonly refusals: Refusals;
  readonly isConnected: () => boolean;
  readonly onRecord: (sequence: number, time: number, bytes: Uint8Array) => void;
  /** The stream is read, or read again after an interruption. */
  readonly onStart: () => void;
  readonly onOutage: (reason: Error) => void;
  readonly onLost: (reason: MiniServError) => void;
}

const RETRY_DELAY_MS = 250;
/** A starting server does not know its streams at once: a stream is missing after this many failed attempts. */
const MAX_MISSING = 4;
/** A record that was acknowledged but not read after this time may have been deleted. */
const READ_TIMEOUT_MS = 5000;
const REQUEST = 'to deliver the records of the room';

/** Reads the records of a room, and verifies after each interruption that the engine still has what was read. */
export class StreamReader {
  readonly #options: StreamReaderOptions;
  readonly #consumer: Consumer;
  readonly #tail: StreamTail;
  /** Counts the starts. A later start ends the attempts of an earlier one. */
  #start = 0;
  #isPaused = false;
  #cancelWait: (() => void) | null = null;
  /** Sequence of the last record that was acknowledged. */
  #expected = 0;
  #serverId: string | undefined;

  constructor(options: StreamReaderOptions) {
    const { jetstream, jsm, names, created, fromSequence, packages, connection, clock } = options;
    this.#options = options;
    this.#serverId = connection.info?.server_id;
    this.#tail = new StreamTail({ jetstream, jsm, names, created, lastSequence: fromSequence - 1 });
    this.#consumer = new Consumer({
      packages,
      connection,
      jsm,
      clock,
      stream: names.recordStream,
      fromSequence,
      onRecord: (sequence, time, message) => {
        this.#tail.push(sequence, message);
        options.onRecord(sequence, time, message.data);
      },
      onGap: (sequence) => options.onLost(this.#gapError(sequence)),
      onStall: () => void this.start(),
    });
  }

  /** Starts reading after the last record that was read. Repeats failed attempts until one succeeds. */
  async start(): Promise<void> {
    const { onStart, onOutage, onLost, refusals, isConnected } = this.#options;
    const start = ++this.#start;
    const isOver = (): boolean => start !== this.#start;
    for (let missing = 0; !isOver() && isConnected(); ) {
      try {
        const problem = await this.#verify();
        if (isOver()) return;
        if (problem === undefined) {
          await this.#consumer.start();
          if (isOver()) return;
          refusals.onSuccess(REQUEST);
          await this.#settle();
          if (!isOver() && isConnected()) onStart();
          return;
        }
        if (!problem.isMissing || ++missing >= MAX_MISSING) {
          onLost(new MiniServError('ERR_ROOM_FOREIGN', problem.reason));
          return;
        }
      } catch (error) {
        if (isOver()) return;
        const refusal = this.#refusalOf(error);
        if (refusal !== undefined) {
          onLost(refusal);
          return;
        }
        onOutage(error as Error);
      }
      await this.#sleep(RETRY_DELAY_MS);
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#consumer.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#consumer.resume();
  }

  /** Verifies the stream if a record that it has acknowledged does not come: it may have been deleted since. */
  expect(sequence: number): void {
    this.#expected = Math.max(this.#expected, sequence);
    if (this.#cancelWait === null) this.#awaitRead();
  }

  stop(): void {
    this.#start++;
    this.#cancelWait?.();
    this.#consumer.stop();
  }

  #awaitRead(): void {
    const start = this.#start;
    const { nextSequence } = this.#consumer;
    this.#cancelWait = this.#options.clock.setTimer(READ_TIMEOUT_MS, () => {
      this.#cancelWait = null;
      if (this.#consumer.nextSequence > this.#expected) return;
      const isStuck = nextSequence === this.#consumer.nextSequence && start === this.#start;
      if (isStuck && !this.#isPaused) void this.start();
      this.#awaitRead();
    });
  }

  /** @throws {MiniServError} if the stream can no longer be used */
  async #verify(): Promise<StreamProblem | undefined> {
    const { jsm, names, limits, created } = this.#options;
    const { recordStream, recordSubject } = names;
    const info = await findStream(jsm, recordStream);
    if (info?.created === created) {
      checkStream(info.config, recordStream, recordSubject);
      limits.onStream(recordStream, info.config);
      const problem = limits.problem();
      if (problem !== undefined) throw new MiniServError('ERR_ROOM_REFUSED', problem);
      const { first_seq: first } = info.state;
      if (first > this.#consumer.nextSequence) throw this.#gapError(first);
    }
    return this.#tail.verify(info);
  }

  /** Returns the error if another attempt would fail in the same way. */
  #refusalOf(error: unknown): MiniServError | undefined {
    const { refusals } = this.#options;
    if (!refusals.isLimit(error)) return refusals.judge(error, REQUEST);
    // Only a record that is restored is too large: what is read has no limit.
    const message =
      'the engine has lost records of the room, and its size limit is now too small to store them again; raise max_payload of the server and max_msg_size of the stream';
    return new MiniServError('ERR_ROOM_REFUSED', message, { cause: error });
  }

  /** Waits until the other relays have restored the records that a restarted server has lost. */
  async #settle(): Promise<void> {
    const { connection, settleMs, isConnected } = this.#options;
    const serverId = connection.info?.server_id;
    // A server that kept running has lost nothing: only the connection broke.
    if (serverId !== this.#serverId) await this.#sleep(settleMs);
    if (isConnected()) this.#serverId = serverId;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimer(ms, resolve));
  }

  #gapError(first: number): MiniServError {
    const message = `this relay is too far behind: it has to read record ${this.#consumer.nextSequence}, and the engine keeps only ${first} and later; increase the retention of the room`;
    return new MiniServError('ERR_ROOM_GAP', message);
  }
}
