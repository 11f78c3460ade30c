import type { LogEvent } from '../event-log.js';
import { ENVELOPE_BYTES, EVENT_BYTES } from './record.js';

/** Number of dropped events after which the array is shortened. */
const COMPACT_AFTER_EVENTS = 1000;
const NEWLINE = 0x0a;

/** An event that waits. Strings would be copied by the garbage collector again and again. */
type WaitingEvent =
  | Exclude<LogEvent, { readonly bytes: unknown }>
  | { readonly kind: 'lines' | 'part'; readonly client: number; readonly bytes: Buffer };

/** The events that are not known to be stored. They stay here until the record that contains them is read back. */
export class EventQueue {
  /** Upper bound of the size of the events as a record. */
  bytes = 0;
  #events: WaitingEvent[] = [];
  #dropped = 0;

  get isEmpty(): boolean {
    return this.#dropped === this.#events.length;
  }

  push(event: LogEvent): void {
    this.#events.push('bytes' in event ? { ...event, bytes: toBuffer(event.bytes) } : event);
    this.bytes += sizeOf(event);
  }

  /**
   * Returns the events of the next record. Lines that do not fit are split after a newline if possible, and a line longer
   * than a record is split into parts.
   *
   * @param maxBytes size limit of the record
   */
  peek(maxBytes: number): LogEvent[] {
    const batch: LogEvent[] = [];
    let remainingBytes = maxBytes - ENVELOPE_BYTES;
    for (let i = this.#dropped; i < this.#events.length; i++) {
      const event = this.#events[i] as WaitingEvent;
      const size = sizeOf(event);
      if (size > remainingBytes) {
        const piece = cutLines(event, remainingBytes - EVENT_BYTES, batch.length === 0);
        if (piece !== undefined) batch.push(piece);
        break;
      }
      batch.push(event);
      remainingBytes -= size;
    }
    return batch;
  }

  /**
   * Drops the events of a stored record. For any size limit, the record contains the start of the queue.
   *
   * @returns false if the record contains something else, and nothing was dropped
   */
  drop(stored: readonly LogEvent[]): boolean {
    const last = stored.length - 1;
    for (const [i, event] of stored.entries()) {
      if (!isStart(this.#events[this.#dropped + i], event, i === last)) return false;
    }
    let rest: WaitingEvent | undefined;
    for (const event of stored) {
      const waiting = this.#events[this.#dropped++] as WaitingEvent;
      this.bytes -= sizeOf(waiting);
      rest = restOf(waiting, event);
    }
    if (rest !== undefined) {
      this.#events[--this.#dropped] = rest;
      this.bytes += sizeOf(rest);
    }
    if (this.#dropped > COMPACT_AFTER_EVENTS || this.isEmpty) {
      this.#events = this.#events.slice(this.#dropped);
      this.#dropped = 0;
    }
    return true;
  }
}

function toBuffer(bytes: string | Buffer): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}

function sizeOf(event: LogEvent): number {
  return EVENT_BYTES + ('bytes' in event ? event.bytes.length : 0);
}

/**
 * Returns a piece of at most `maxBytes` of lines.
 *
 * @param isFirst whether the record is empty so far: only then a line is split in the middle
 * @returns undefined if the whole event should wait for the next record
 */
function cutLines(event: WaitingEvent, maxBytes: number, isFirst: boolean): LogEvent | undefined {
  if (event.kind !== 'lines') return undefined;
  const { kind, client, bytes } = event;
  const newline = maxBytes > 0 ? bytes.lastIndexOf('\n', maxBytes) : -1;
  if (newline > 0) return { kind, client, bytes: bytes.subarray(0, newline) };
  return isFirst ? { kind: 'part', client, bytes: bytes.subarray(0, maxBytes) } : undefined;
}

/** Whether a stored event is a waiting one, or can be its start. Compares lengths, not bytes. */
function isStart(waiting: WaitingEvent | undefined, stored: LogEvent, canBePiece: boolean): boolean {
  if (waiting?.kind !== 'lines') return waiting?.kind === stored.kind;
  if (!('bytes' in stored) || stored.client !== waiting.client) return false;
  const { length } = stored.bytes;
  if (stored.kind === 'part') return canBePiece && length <= waiting.bytes.length;
  return length === waiting.bytes.length || (canBePiece && waiting.bytes[length] === NEWLINE);
}

/** Returns what follows a stored event in the waiting one, or undefined if that is stored as a whole. */
function restOf(waiting: WaitingEvent, stored: LogEvent): WaitingEvent | undefined {
  if (waiting.kind !== 'lines' || !('bytes' in stored)) return undefined;
  const { kind, client, bytes } = waiting;
  const { length } = stored.bytes;
  if (stored.kind === 'part') return { kind, client, bytes: bytes.subarray(length) };
  return length === bytes.length ? undefined : { kind, client, bytes: bytes.subarray(length + 1) };
}
