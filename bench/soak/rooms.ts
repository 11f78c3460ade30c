import type { Socket } from 'node:net';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Churn } from './churn.js';
import { Checker, LINE, now } from './lines.js';
import { FarReader, held, join, type Relay, startRelay } from './relay.js';
import { Speaker } from './speaker.js';

/** What a room costs and does, at one time. */
export interface Sample {
  readonly room: string;
  readonly resident: number;
  readonly disk: number;
  readonly descriptors: number;
  /** Bytes said so far by the one who speaks all the time. */
  readonly said: number;
  /** Bytes of it that the reader that is furthest behind has not had. */
  readonly lag: number;
  /** 99 % of the lines since the last sample took no longer than this, in ms. */
  readonly p99: number;
  /** The longest that this process, which measures, was late by itself, in ms. */
  readonly own: number;
}

/** How long the reader that comes and goes stands still, and how long it then reads, in ms. */
const STANDS = 30_000;
const READS = 10_000;

/** A relay, one who speaks, and one who listens all the time and checks what it hears. */
export class Room {
  readonly name: string;
  readonly relay: Relay;
  readonly #speaker: Speaker;
  readonly #own = monitorEventLoopDelay({ resolution: 5 });
  readonly #checker: Checker;
  /** In microseconds. */
  readonly #delays = createHistogram();
  /** The room's other side: the reader that stops, or those who come and go. */
  #reader: FarReader | null = null;
  #churn: Churn | null = null;
  #cycle: NodeJS.Timeout | undefined;

  private constructor(name: string, relay: Relay, sockets: readonly [Socket, Socket], rate: number) {
    this.name = name;
    this.relay = relay;
    const [witness, speaker] = sockets;
    const heard = (due: number): void => this.#delays.record(Math.max(1, Math.round((now() - due) * 1000)));
    this.#checker = new Checker(1, heard, (line) => this.#churn?.heard(line));
    witness.on('data', (chunk: Buffer) => this.#checker.push(chunk));
    speaker.resume();
    this.#speaker = new Speaker(speaker, rate);
    this.#own.enable();
    for (const socket of sockets) socket.on('close', () => fail(`${name}: a client was disconnected`));
    relay.process.once('exit', () => fail(`${name}: the relay ended`));
  }

  /** @param rate bytes that are said in a second */
  static async open(name: string, rate: number): Promise<Room> {
    const relay = await startRelay();
    // One after the other: client 0 listens, client 1 speaks.
    const witness = await join(relay.port);
    return new Room(name, relay, [witness, await join(relay.port)], rate);
  }

  /** A reader that has stopped, for as long as all this takes. */
  async withStopped(): Promise<void> {
    this.#reader = await FarReader.start(this.relay.port);
    this.#reader.stop();
  }

  /** A reader that stops, resumes, and stops again. */
  async withResuming(): Promise<void> {
    const reader = await FarReader.start(this.relay.port);
    this.#reader = reader;
    const go = (): void => {
      reader.go();
      this.#cycle = setTimeout(stop, READS);
    };
    const stop = (): void => {
      reader.stop();
      this.#cycle = setTimeout(go, STANDS);
    };
    stop();
  }

  /** So many that come and go in a second. */
  withChurn(rate: number): void {
    this.#churn = new Churn(this.relay.port, rate, fail);
  }

  /** From now on something is said. Who is to hear it from the first line on must be there. */
  begin(): void {
    this.#speaker.begin();
  }

  sample(): Sample {
    if (this.#reader?.gone) fail(`${this.name}: a reader ended`);
    const p99 = this.#delays.percentile(99) / 1000;
    const own = this.#own.max / 1e6;
    this.#delays.reset();
    this.#own.reset();
    const { said } = this.#speaker;
    return {
      room: this.name,
      ...held(this.relay),
      said: said * LINE,
      lag: (said - Math.min(this.#checker.next, this.#reader?.lines ?? said)) * LINE,
      p99,
      own,
    };
  }

  /** Lets all read to the end; done when they have had everything. */
  async end(): Promise<string> {
    this.#speaker.stop();
    clearTimeout(this.#cycle);
    this.#reader?.go();
    const { said } = this.#speaker;
    await until(() => this.#checker.next === said && (this.#reader?.lines ?? said) >= said);
    const lines = `${said} lines, each heard once and in order by ${this.#reader === null ? 'one' : 'both'}`;
    const visits = this.#churn === null ? '' : `; ${await this.#churn.end()}`;
    // Not before the reader has told its last: one that was given more would have said so.
    if (this.#reader?.gone) fail(`${this.name}: a reader ended`);
    return `${this.name}: ${lines}${visits}`;
  }
}

/** How long it may take to read what has been kept, in ms: an hour's lag is gigabytes. */
const PATIENCE = 300_000;

export async function until(holds: () => boolean): Promise<void> {
  for (const deadline = now() + PATIENCE; !holds(); ) {
    if (now() > deadline) fail('what was said did not arrive');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Content that is wrong is no matter of slopes: everything ends at once. */
function fail(reason: string): never {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
