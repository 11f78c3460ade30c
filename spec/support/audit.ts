import { arrived, left, saidBytes } from './wire.js';

/** A record of an audit in json format. */
export interface Row {
  seq: number;
  time: string;
  event: string;
  client?: number;
  text?: string;
  base64?: string;
  bytes?: number;
  from?: string;
  to?: string;
}

export function recordsOf(text: string | Buffer): Row[] {
  const lines = text.toString().split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Row);
}

/** What was said according to records, as on the wire. */
export function toWire(records: readonly Row[]): Buffer {
  return Buffer.concat(
    records.map(({ event, client = 0, text = '', base64 }) => {
      if (event === 'arrived') return Buffer.from(arrived(client));
      if (event === 'left') return Buffer.from(left(client));
      if (event !== 'line') return Buffer.alloc(0);
      return saidBytes(client, base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64'));
    }),
  );
}
