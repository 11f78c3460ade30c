import type { LogEvent, LogRecord } from '../event-log.js';

/** Upper bound of the bytes that the envelope of a record takes, without its events. */
export const ENVELOPE_BYTES = 128;
/** Upper bound of the bytes that an event takes, without the bytes of its lines. */
export const EVENT_BYTES = 64;

const VERSION = 1;

/** An event on the wire. Of lines, the length; their bytes follow the JSON. */
type Item = readonly [kind: string, subject: number | string, ...more: (number | string)[]];

/**
 * Encodes a record: one line of JSON (`{"v":1,"epoch":…,"n":…,"events":[…]}`), then the bytes of its lines as the
 * clients sent them.
 *
 * Relays of different versions share rooms, so this format must not change. It calls an instance id `epoch` and a
 * `connected` event `arrived`.
 */
export function encodeRecord({ instanceId, number, events }: LogRecord): Buffer {
  const payloads = events.map((event) => ('bytes' in event ? event.bytes : ''));
  const envelope = { v: VERSION, epoch: instanceId, n: number, events: events.map(toItem) };
  const head = `${JSON.stringify(envelope)}\n`;
  const record = Buffer.allocUnsafe(payloads.reduce((sum, { length }) => sum + length, head.length));
  let offset = record.write(head, 0, 'latin1');
  for (const bytes of payloads) offset += record.write(bytes, offset, 'latin1');
  return record;
}

function toItem(event: LogEvent): Item {
  const silent = 'silent' in event && event.silent === true ? ['silent'] : [];
  if ('bytes' in event) return [event.kind, event.client, event.bytes.length];
  if (event.kind === 'connected') return ['arrived', event.token, ...silent];
  if (event.kind === 'down') return ['down', event.instanceId];
  return [event.kind, event.client, ...silent];
}

/** @throws Error that says why the bytes are not a record */
export function decodeRecord(record: Uint8Array): LogRecord {
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const headLength = Math.max(0, buffer.indexOf('\n'));
  const { v, epoch, n, events } = parseHead(buffer.toString('latin1', 0, headLength));
  if (v !== VERSION) throw invalid(`expected version ${VERSION}, got ${String(v)}`);
  if (typeof epoch !== 'string' || !Number.isInteger(n) || !Array.isArray(events)) {
    throw invalid('expected "epoch", "n" and "events"');
  }
  let offset = headLength + 1;
  const decoded = (events as Item[]).map(([kind, subject, ...more]): LogEvent => {
    if (kind === 'down') return { kind, instanceId: String(subject) };
    const id = Number(subject);
    const silent = more[0] === 'silent';
    if (Number.isSafeInteger(id)) {
      if (kind === 'arrived') return { kind: 'connected', token: id, silent };
      if (kind === 'joined' || kind === 'left') return { kind, client: id, silent };
      if ((kind === 'lines' || kind === 'part') && isLength(more[0])) {
        const bytes = buffer.toString('latin1', offset, offset + more[0]);
        offset += more[0];
        return { kind, client: id, bytes };
      }
    }
    throw invalid(`unknown event ${JSON.stringify([kind, subject, ...more])}`);
  });
  if (offset !== buffer.length) {
    throw invalid(`its events describe ${offset} bytes, but it has ${buffer.length}`);
  }
  return { instanceId: epoch, number: n as number, events: decoded };
}

function parseHead(text: string): Partial<Record<'v' | 'epoch' | 'n' | 'events', unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw invalid('its first line is not JSON');
  }
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(reason: string): Error {
  return new Error(`invalid record: ${reason}`);
}
