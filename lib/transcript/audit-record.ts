import { isUtf8 } from 'node:buffer';
import { isCount } from '../util/is-count.js';

/** A line of an audit in JSON format. */
export interface AuditRecord {
  readonly seq: number;
  readonly time: string;
  readonly event: keyof typeof FIELDS;
  readonly client?: number;
  readonly text?: string;
  readonly base64?: string;
  readonly bytes?: number;
  readonly from?: string;
  readonly to?: string;
}

interface Kind {
  readonly name: string;
  readonly matches: (value: unknown) => boolean;
}

const COUNT: Kind = { name: 'a non-negative integer', matches: isCount };
const TEXT: Kind = { name: 'a string', matches: (value) => typeof value === 'string' };
const TIME: Kind = {
  name: 'a UTC time such as "2026-01-31T12:34:56.789Z"',
  matches(value) {
    const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return !Number.isNaN(time) && new Date(time).toISOString() === value;
  },
};

const COMMON_FIELDS = { seq: COUNT, time: TIME };

/** The fields of each event, in addition to `seq`, `time` and `event`. */
const FIELDS: Record<string, Record<string, Kind>> = {
  arrived: { client: COUNT },
  line: { client: COUNT, text: TEXT },
  left: { client: COUNT },
  gap: { bytes: COUNT, from: TIME, to: TIME },
  truncated: { bytes: COUNT },
  resumed: {},
  closed: {},
};

const LINE_HEAD = /^\{"seq":(\d+),"time":"([^"]*)","event":"line","client":(\d+),"text":"/;
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Parses a record.
 *
 * @param isComplete false if `bytes` is only the start and the end of a long line
 * @returns the record, or why the line is not a valid one
 */
export function parseRecord(bytes: Buffer, isComplete: boolean): AuditRecord | string {
  if (!isComplete) return parseLongLine(bytes);
  if (!isUtf8(bytes)) return 'invalid record: not valid UTF-8';
  let record: AuditRecord & Record<string, unknown>;
  try {
    record = JSON.parse(bytes.toString('utf8')) ?? {};
  } catch {
    return 'invalid record: not JSON';
  }
  const { event, base64 } = record;
  const own = Object.hasOwn(FIELDS, event) ? FIELDS[event] : undefined;
  const fields: Record<string, Kind> = { ...COMMON_FIELDS, ...own };
  for (const [name, kind] of Object.entries(fields)) {
    const value = record[name];
    if (!kind.matches(value))
      return `invalid record: expected "${name}" to be ${kind.name}, got ${show(value)}`;
  }
  if (own === undefined) return `invalid record: unknown event ${show(event)}`;
  const names = ['event', ...Object.keys(fields), ...(event === 'line' ? ['base64'] : [])];
  const extra = Object.keys(record).find((name) => !names.includes(name));
  if (extra !== undefined) return `invalid record: event "${event}" has no field ${show(extra)}`;
  if (base64 !== undefined && !isEncodingOf(base64, record.text)) {
    return 'invalid record: "text" and "base64" are different';
  }
  return record;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function isEncodingOf(base64: unknown, text: unknown): boolean {
  if (typeof base64 !== 'string') return false;
  const bytes = Buffer.from(base64, 'base64');
  return !isUtf8(bytes) && bytes.toString('base64') === base64 && DECODER.decode(bytes) === text;
}

function parseLongLine(bytes: Buffer): AuditRecord | string {
  const [, seq, time, client] = LINE_HEAD.exec(bytes.toString('latin1')) ?? [];
  if (!TIME.matches(time) || bytes.at(-1) !== 0x7d) return 'invalid record: not JSON';
  return { seq: Number(seq), time: time as string, event: 'line', client: Number(client) };
}
