import type { Destination } from '../../lib/fanout/destination.js';

/** A reader of the transcript that keeps what it is lent until the schedule lets it look: the log's own memory. */
export class SimulatedTranscript implements Destination {
  reading: boolean;
  /** How many entries the log had when it began. */
  readonly since: number;
  failed = false;
  finished = false;
  #lent: { bytes: readonly Buffer[]; done: () => void } | null = null;
  readonly #heard: Buffer[] = [];

  constructor(since: number, reading: boolean) {
    this.since = since;
    this.reading = reading;
  }

  get heard(): string {
    return Buffer.concat(this.#heard).toString('latin1');
  }

  get owed(): boolean {
    return this.#lent !== null;
  }

  send(bytes: readonly Buffer[], done: () => void): void {
    this.#lent = { bytes, done };
  }

  take(): void {
    if (this.#lent === null) return;
    const { bytes, done } = this.#lent;
    this.#lent = null;
    this.#heard.push(...bytes.map((piece) => Buffer.from(piece)));
    done();
  }

  finish(): void {
    this.finished = true;
  }

  fail(): void {
    this.failed = true;
  }
}
