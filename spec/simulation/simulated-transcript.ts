import type { Destination } from '../../lib/fanout/destination.js';

/** A reader of the transcript. It keeps a block, which is the log's own memory, until the schedule makes it read. */
export class SimulatedTranscript implements Destination {
  isReading: boolean;
  /** The number of entries in the log when the transcript started. */
  readonly startEntry: number;
  hasFailed = false;
  #block: { bytes: readonly Buffer[]; done: () => void } | null = null;
  readonly #received: Buffer[] = [];

  constructor(startEntry: number, isReading: boolean) {
    this.startEntry = startEntry;
    this.isReading = isReading;
  }

  get received(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  get hasBlock(): boolean {
    return this.#block !== null;
  }

  send(bytes: readonly Buffer[], done: () => void): void {
    this.#block = { bytes, done };
  }

  /** Reads the block. */
  receive(): void {
    if (this.#block === null) return;
    const { bytes, done } = this.#block;
    this.#block = null;
    this.#received.push(...bytes.map((buffer) => Buffer.from(buffer)));
    done();
  }

  finish(): void {}

  fail(): void {
    this.hasFailed = true;
  }
}
