import { toLatin1 } from '../protocol/message.js';
import type { LogRecord } from './event-log.js';

/** A line of which only the start has been read: it is longer than one record. */
export class UnfinishedLine {
  readonly instanceId: string;
  readonly client: number;
  /** Sequence and number of the record in which the line starts. */
  readonly startSequence: number;
  readonly startNumber: number;
  #parts: string[] = [];
  #lastNumber = -1;

  constructor(instanceId: string, client: number, startSequence: number, startNumber: number) {
    this.instanceId = instanceId;
    this.client = client;
    this.startSequence = startSequence;
    this.startNumber = startNumber;
  }

  push(bytes: string | Buffer): void {
    this.#parts.push(toLatin1(bytes));
  }

  /** Returns the whole line, of which `bytes` is the end. */
  finish(bytes: string | Buffer): string {
    return this.#parts.join('') + toLatin1(bytes);
  }

  /**
   * Collects the parts of the line from a record that is read again, because a snapshot has only the place where the
   * line starts.
   *
   * A record counts here if it counted for {@link RoomState.apply}: the start of the line, and then each record of the
   * relay with a higher number than the one before. Otherwise two relays could disagree about the line.
   */
  reread(record: LogRecord, sequence: number): void {
    if (record.instanceId !== this.instanceId || sequence < this.startSequence) return;
    if (sequence > this.startSequence && record.number <= this.#lastNumber) return;
    this.#lastNumber = record.number;
    for (const event of record.events) {
      if (event.kind === 'part' && event.client === this.client) this.push(event.bytes);
      // The record in which this line starts can also end the line before it.
      if (event.kind === 'lines' && event.client === this.client) this.#parts = [];
    }
  }
}
