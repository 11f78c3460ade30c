import type { Socket } from 'node:net';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTo } from '../processes.js';
import { Churn } from './churn.js';
import { Checker, LINE_BYTES, now } from './lines.js';
import { ReaderProcess, type Relay, startRelay, type Usage, usageOf } from './relay.js';
import { Sender } from './sender.js';

/** The state of a room at one time: resources, traffic and delays. */
export interface Sample extends Usage {
  readonly room: string;
  /** Bytes sent so far by the sender. */
  readonly sentBytes: number;
  /** Bytes of these that the slowest reader has not received. */
  readonly lagBytes: number;
  /** 99th percentile of the delivery delays since the last sample. */
  readonly p99Ms: number;
  /** Longest delay of the measuring process itself since the last sample. */
  readonly ownDelayMs: number;
}

/** The cycle of a reader that stops and resumes. */
const STOPPED_MS = 30_000;
const READING_MS = 10_000;
/** Upper bound for reading the backlog at the end, which is gigabytes after an hour. */
const CATCH_UP_LIMIT_MS = 300_000;
/** Ids follow the order of connecting: the witness is client 0. */
const SENDER_ID = 1;

/** A relay with a sender, a witness that reads all the time and checks each line, and one further load. */
export class Room {
  readonly name: string;
  readonly #relay: Relay;
  readonly #sender: Sender;
  readonly #ownDelays = monitorEventLoopDelay({ resolution: 5 });
  readonly #checker: Checker;
  readonly #delaysUs = createHistogram();
  #reader: ReaderProcess | null = null;
  #churn: Churn | null = null;
  #cycle: NodeJS.Timeout | undefined;

  private constructor(name: string, relay: Relay, witness: Socket, sender: Socket, bytesPerSecond: number) {
    this.name = name;
    this.#relay = relay;
    const record = (due: number): void =>
      this.#delaysUs.record(Math.max(1, Math.round((now() - due) * 1000)));
    this.#checker = new Checker(SENDER_ID, record, (line) => this.#churn?.onLine(line));
    witness.on('data', (chunk: Buffer) => this.#checker.push(chunk));
    sender.resume();
    this.#sender = new Sender(sender, bytesPerSecond);
    this.#ownDelays.enable();
    for (const socket of [witness, sender])
      socket.on('close', () => fail(`${name}: a client was disconnected`));
    relay.process.once('exit', () => fail(`${name}: the relay exited`));
  }

  /** Starts a relay, its witness and its sender, which sends only after `start`. */
  static async open(name: string, bytesPerSecond: number): Promise<Room> {
    const relay = await startRelay();
    const witness = await connectTo(relay.port);
    const sender = await connectTo(relay.port);
    return new Room(name, relay, witness, sender, bytesPerSecond);
  }

  /** Adds a reader that is stopped until the end. */
  async addStoppedReader(): Promise<void> {
    this.#reader = await ReaderProcess.start(this.#relay.port);
    this.#reader.stop();
  }

  /** Adds a reader that stops, resumes and stops again. */
  async addResumingReader(): Promise<void> {
    const reader = await ReaderProcess.start(this.#relay.port);
    this.#reader = reader;
    const resume = (): void => {
      reader.resume();
      this.#cycle = setTimeout(stop, READING_MS);
    };
    const stop = (): void => {
      reader.stop();
      this.#cycle = setTimeout(resume, STOPPED_MS);
    };
    stop();
  }

  /** Adds clients that connect and leave. */
  addChurn(visitsPerSecond: number): void {
    this.#churn = new Churn(this.#relay.port, visitsPerSecond, fail);
  }

  /** Starts sending. Readers must be added before, because they expect the first line. */
  start(): void {
    this.#sender.start();
  }

  sample(): Sample {
    if (this.#reader?.hasExited) fail(`${this.name}: a reader exited`);
    const p99Ms = this.#delaysUs.percentile(99) / 1000;
    const ownDelayMs = this.#ownDelays.max / 1e6;
    this.#delaysUs.reset();
    this.#ownDelays.reset();
    const { lines } = this.#sender;
    return {
      room: this.name,
      ...usageOf(this.#relay),
      sentBytes: lines * LINE_BYTES,
      lagBytes: (lines - Math.min(this.#checker.next, this.#reader?.lines ?? lines)) * LINE_BYTES,
      p99Ms,
      ownDelayMs,
    };
  }

  /** Stops sending, waits until all readers have received everything, and returns a summary. */
  async finish(): Promise<string> {
    this.#sender.stop();
    clearTimeout(this.#cycle);
    this.#reader?.resume();
    const { lines } = this.#sender;
    await until(() => this.#checker.next === lines && (this.#reader?.lines ?? lines) >= lines);
    this.#churn?.stop();
    await until(() => this.#churn?.isDone ?? true);
    // Checked last: a reader that received too much exits with an error.
    if (this.#reader?.hasExited) fail(`${this.name}: a reader exited`);
    const readers = this.#reader === null ? 'one reader' : 'both readers';
    const visits = this.#churn === null ? '' : `; ${this.#churn.visits} clients arrived and left`;
    return `${this.name}: ${lines} lines, each received once and in order by ${readers}${visits}`;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = now() + CATCH_UP_LIMIT_MS; !condition(); ) {
    if (now() > deadline) fail(`not everything was delivered within ${CATCH_UP_LIMIT_MS / 1000} s`);
    await delay(20);
  }
}

/** Ends the whole run, because wrong content makes all other figures worthless. */
function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
