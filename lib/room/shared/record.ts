import { describe } from '../../util/errors.js';
import { isCount } from '../../util/is-count.js';
import type { LogEvent, LogRecord } from '../event-log.js';

/** Upper bound of the bytes that the envelope of a record takes, without its events. */
export const ENVELOPE_BYTES = 128;
/** Upper bound of the bytes that an event takes, without the bytes of its lines. */
export const EVENT_BYTES = 64;

const VERSION = 1;
/** Printable ASCII that JSON does not escape; short enough for the bounds above. */
const INSTANCE_ID = /^[ !#-[\]-~]{1,48}$/;

/** An event on the wire. Of lines, the length; their bytes follow the JSON. */
type Item = readonly [kind: string, subject: number | string, ...more: (number | string)[]];

/** Why bytes are not a record that this relay can read. */
export class InvalidRecordError extends Error {
  /** The version of the format, if it is a later one than this relay knows. */
  readonly laterVersion: number | undefined;

  constructor(reason: string, laterVersion?: number) {
    super(reason);
    this.laterVersion = laterVersion;
  }
}

export function isInstanceId(value: unknown): value is string {
  return typeof value === 'string' && INSTANCE_ID.test(value);
}

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
  for (const bytes of payloads) {
    offset += typeof bytes === 'string' ? record.write(bytes, offset, 'latin1') : bytes.copy(record, offset);
  }
  return record;
}

function toItem(event: LogEvent): Item {
  const silent = 'silent' in event && event.silent === true ? ['silent'] : [];
  if ('bytes' in event) return [event.kind, event.client, event.bytes.length];
  if (event.kind === 'connected') return ['arrived', event.token, ...silent];
  if (event.kind === 'down') return ['down', event.instanceId];
  return [event.kind, event.client, ...silent];
}

/** @throws {InvalidRecordError} if the bytes are not a record; every relay must reject the same bytes */
export function decodeRecord(record: Uint8Array): LogRecord {
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const headLength = Math.max(0, buffer.indexOf('\n'));
  const { v, epoch, n, events } = parseHead(buffer.toString('latin1', 0, headLength));
  if (v !== VERSION) {
    const laterVersion = isCount(v) && v > VERSION ? v : undefined;
    throw new InvalidRecordError(`expected version ${VERSION}, got ${describe(v)}`, laterVersion);
  }
  if (!isInstanceId(epoch) || !isCount(n) || !Array.isArray(events)) {
    throw new InvalidRecordError('expected "epoch", "n" and "events"');
  }
  let offset = headLength + 1;
  const decoded = events.map((item: unknown): LogEvent => {
    const [kind, subject, more]: unknown[] = Array.isArray(item) ? item : [];
    if (kind === 'down' && isInstanceId(subject)) return { kind, instanceId: subject };
    const silent = more === 'silent';
    if (isCount(subject)) {
      if (kind === 'arrived') return { kind: 'connected', token: subject, silent };
      if (kind === 'joined' || kind === 'left') return { kind, client: subject, silent };
      if ((kind === 'lines' || kind === 'part') && isCount(more)) {
        const bytes = buffer.subarray(offset, offset + more);
        offset += more;
        return { kind, client: subject, bytes };
      }
    }
    throw new InvalidRecordError(`unknown event ${describe(item)}`);
  });
  if (offset !== buffer.length) {
    throw new InvalidRecordError(`its events describe ${offset} bytes, but it has ${buffer.length}`);
  }
  return { instanceId: epoch, number: n, events: decoded };
}

function parseHead(text: string): Partial<Record<'v' | 'epoch' | 'n' | 'events', unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new InvalidRecordError('its first line is not JSON');
  }
}
