import type { LogEvent } from '../event-log.js';
import type { LogRecord } from '../room-state.js';

/** What an event takes beside its bytes, at most. */
const EVENT = 64;
/** And what a record takes beside its events. */
const ENVELOPE = 128;

type Item = readonly [kind: string, subject: number | string, ...more: (number | string)[]];

/**
 * A record as bytes: a line of JSON (`{"v":1,"epoch":…,"n":…,"events":[…]}`), and then what was said in it, as it came
 * from the clients. Of lines the JSON says only whose they are and how many bytes.
 */
export function encodeRecord({ instanceId: epoch, n, events }: LogRecord): Buffer {
  const said = events.map((event) => ('bytes' in event ? event.bytes : ''));
  const head = `${JSON.stringify({ v: 1, epoch, n, events: events.map(toItem) })}\n`;
  const record = Buffer.allocUnsafe(said.reduce((sum, { length }) => sum + length, head.length));
  let at = record.write(head, 0, 'latin1');
  for (const bytes of said) at += record.write(bytes, at, 'latin1');
  return record;
}

function toItem(event: LogEvent): Item {
  const silent = 'silent' in event && event.silent === true ? ['silent'] : [];
  if ('bytes' in event) return [event.kind, event.client, event.bytes.length];
  if (event.kind === 'connected') return ['arrived', event.token, ...silent];
  if (event.kind === 'down') return ['down', event.instanceId];
  return [event.kind, event.client, ...silent];
}

/** @throws Error if it is no record of a room */
export function decodeRecord(record: Uint8Array): LogRecord {
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const end = buffer.indexOf(0x0a);
  const { v, epoch, n, events } = JSON.parse(buffer.toString('latin1', 0, Math.max(0, end))) as {
    v: unknown;
    epoch: unknown;
    n: unknown;
    events: unknown;
  };
  if (v !== 1) throw new Error(`a record of version ${String(v)}`);
  if (typeof epoch !== 'string' || !Number.isInteger(n) || !Array.isArray(events))
    throw new Error('no record');
  let at = end + 1;
  const decoded = (events as Item[]).map(([kind, subject, ...more]): LogEvent => {
    if (kind === 'down') return { kind, instanceId: String(subject) };
    const number = Number(subject);
    if (!Number.isSafeInteger(number)) throw new Error('no event');
    const silent = more[0] === 'silent';
    if (kind === 'arrived') return { kind: 'connected', token: number, silent };
    if (kind === 'joined' || kind === 'left') return { kind, client: number, silent };
    if ((kind !== 'lines' && kind !== 'part') || !isLength(more[0])) throw new Error('no event');
    const bytes = buffer.toString('latin1', at, at + more[0]);
    at += more[0];
    return { kind, client: number, bytes };
  });
  if (at !== buffer.length) throw new Error('a record with bytes that nobody said');
  return { instanceId: epoch, n: n as number, events: decoded };
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What is appended while a record is under way, in order: the next records are taken from it. */
export class Queue {
  /** What is waiting, in bytes. */
  bytes = 0;
  #events: LogEvent[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#events.length;
  }

  push(event: LogEvent): void {
    this.#events.push(event);
    this.bytes += weight(event);
  }

  /**
   * The events of the next record, of at most so many bytes. Where they would be more, lines are cut off behind a
   * newline; a line that is too long for one record is cut in the middle, and its next piece comes first of its
   * client in the next.
   */
  take(most: number): LogEvent[] {
    const taken: LogEvent[] = [];
    let left = most - ENVELOPE;
    while (this.#head < this.#events.length) {
      const event = this.#events[this.#head] as LogEvent;
      const size = weight(event);
      if (size > left) {
        const [piece, rest] = event.kind === 'lines' ? cutLines(event, left - EVENT, taken.length === 0) : [];
        if (piece === undefined || rest === undefined) break;
        taken.push(piece);
        this.#events[this.#head] = rest;
        this.bytes += weight(rest) - size;
        break;
      }
      taken.push(event);
      left -= size;
      this.#head++;
      this.bytes -= size;
    }
    if (this.#head > 1000 || this.isEmpty) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }
}

function weight(event: LogEvent): number {
  return EVENT + ('bytes' in event ? event.bytes.length : 0);
}

type Lines = LogEvent & { kind: 'lines' };

/** @returns nothing where they are better left whole for the next record */
function cutLines({ kind, client, bytes }: Lines, most: number, first: boolean): [LogEvent, Lines] | [] {
  const end = most > 0 ? bytes.lastIndexOf('\n', most) : -1;
  if (end > 0) {
    return [
      { kind, client, bytes: bytes.slice(0, end) },
      { kind, client, bytes: bytes.slice(end + 1) },
    ];
  }
  if (!first) return [];
  return [
    { kind: 'part', client, bytes: bytes.slice(0, most) },
    { kind, client, bytes: bytes.slice(most) },
  ];
}
