import type { LogEvent } from '../event-log.js';
import { ENVELOPE_BYTES, EVENT_BYTES } from './record.js';

/** Number of events taken after which the array is shortened. */
const COMPACT_AFTER_EVENTS = 1000;

/** The events that wait while a record is in flight. They are taken in batches, one for each record. */
export class EventQueue {
  /** Upper bound of the size of the waiting events as a record. */
  bytes = 0;
  #events: LogEvent[] = [];
  #taken = 0;

  get isEmpty(): boolean {
    return this.#taken === this.#events.length;
  }

  push(event: LogEvent): void {
    this.#events.push(event);
    this.bytes += sizeOf(event);
  }

  /**
   * Takes the events of the next record. Lines that do not fit are split after a newline if possible. A line longer
   * than a record is split into parts; the rest of it starts the next record.
   *
   * @param maxBytes size limit of the record
   */
  take(maxBytes: number): LogEvent[] {
    const batch: LogEvent[] = [];
    let remainingBytes = maxBytes - ENVELOPE_BYTES;
    for (let event = this.#events[this.#taken]; event !== undefined; event = this.#events[this.#taken]) {
      const size = sizeOf(event);
      if (size > remainingBytes) {
        const split = splitLines(event, remainingBytes - EVENT_BYTES, batch.length === 0);
        if (split === undefined) break;
        const [first, rest] = split;
        batch.push(first);
        this.#events[this.#taken] = rest;
        this.bytes += sizeOf(rest) - size;
        break;
      }
      batch.push(event);
      remainingBytes -= size;
      this.#taken++;
      this.bytes -= size;
    }
    if (this.#taken > COMPACT_AFTER_EVENTS || this.isEmpty) {
      this.#events = this.#events.slice(this.#taken);
      this.#taken = 0;
    }
    return batch;
  }
}

function sizeOf(event: LogEvent): number {
  return EVENT_BYTES + ('bytes' in event ? event.bytes.length : 0);
}

/**
 * Splits lines into a piece of at most `maxBytes` and the rest.
 *
 * @param isFirst whether the record is empty so far: only then a line is split in the middle
 * @returns undefined if the whole event should wait for the next record
 */
function splitLines(event: LogEvent, maxBytes: number, isFirst: boolean): [LogEvent, LogEvent] | undefined {
  if (event.kind !== 'lines') return undefined;
  const { kind, client, bytes } = event;
  const newline = maxBytes > 0 ? bytes.lastIndexOf('\n', maxBytes) : -1;
  if (newline > 0) {
    return [
      { kind, client, bytes: bytes.slice(0, newline) },
      { kind, client, bytes: bytes.slice(newline + 1) },
    ];
  }
  if (!isFirst) return undefined;
  return [
    { kind: 'part', client, bytes: bytes.slice(0, maxBytes) },
    { kind, client, bytes: bytes.slice(maxBytes) },
  ];
}
