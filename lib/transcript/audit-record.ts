import { isUtf8 } from 'node:buffer';

/** A line of an audit in json format. */
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

type Check = (value: unknown) => boolean;

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText: Check = (value) => typeof value === 'string';
const isTime: Check = (value) => {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString() === value;
};

/** What belongs to which event, beside `seq`, `time` and `event`. */
const FIELDS: Record<string, Record<string, Check>> = {
  arrived: { client: isCount },
  line: { client: isCount, text: isText },
  left: { client: isCount },
  gap: { bytes: isCount, from: isTime, to: isTime },
  truncated: { bytes: isCount },
  resumed: {},
  closed: {},
};

const BEGINNING = /^\{"seq":(\d+),"time":"([^"]*)","event":"(line)","client":(\d+),"text":"/;
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * @param complete false if only the beginning and the end of a long line are given
 * @returns why it is no record, if it is none
 */
export function checkRecord(bytes: Buffer, complete: boolean): AuditRecord | string {
  if (!complete) return checkEnds(bytes);
  if (!isUtf8(bytes)) return 'it is no record: not even text';
  let record: AuditRecord & Record<string, unknown>;
  try {
    record = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'it is no record';
  }
  const { seq, time, event, base64, text, ...rest } = record ?? {};
  if (!isCount(seq)) return 'it is no record: it has no seq';
  if (!isTime(time)) return 'it is no record: it has no time';
  const fields = FIELDS[event] ?? {};
  if (!Object.hasOwn(FIELDS, event)) return `it is no record: there is no event ${JSON.stringify(event)}`;
  for (const [name, check] of Object.entries(fields)) {
    if (!check(record[name]))
      return `it is no record of '${event}': its ${name} is ${JSON.stringify(record[name])}`;
  }
  const extra = Object.keys(rest).find((name) => !Object.hasOwn(fields, name));
  if (extra !== undefined) return `it is no record of '${event}': it has a field ${JSON.stringify(extra)}`;
  if (base64 !== undefined && !fits(base64, text)) return 'its text and its base64 are not the same';
  return record;
}

function fits(base64: unknown, text: unknown): boolean {
  if (typeof base64 !== 'string') return false;
  const bytes = Buffer.from(base64, 'base64');
  return !isUtf8(bytes) && bytes.toString('base64') === base64 && DECODER.decode(bytes) === text;
}

function checkEnds(bytes: Buffer): AuditRecord | string {
  const [, seq, time, , client] = BEGINNING.exec(bytes.toString('latin1')) ?? [];
  if (!isTime(time) || bytes.at(-1) !== 0x7d) return 'it is no record';
  return { seq: Number(seq), time: time as string, event: 'line', client: Number(client) };
}
