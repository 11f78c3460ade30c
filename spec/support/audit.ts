import { arrivedNotice, leftNotice, relayedBytes } from './wire.js';

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

/** Returns the messages of records as on the wire. */
export function toWire(records: readonly Row[]): Buffer {
  return Buffer.concat(
    records.map(({ event, client = 0, text = '', base64 }) => {
      if (event === 'arrived') return Buffer.from(arrivedNotice(client));
      if (event === 'left') return Buffer.from(leftNotice(client));
      if (event !== 'line') return Buffer.alloc(0);
      return relayedBytes(client, base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64'));
    }),
  );
}

const GAP = /^server: (\d+) bytes are missing/;

export interface Account {
  /** How much of the wire the files account for, in bytes. */
  readonly end: number;
  /** How much of that is recorded as missing. */
  readonly missing: number;
}

/**
 * Compares audits that follow one another with everything that was sent. A last line without a newline is not counted.
 *
 * @throws if a line is neither the next one that was sent nor a gap
 */
export function account(format: 'wire' | 'json', files: readonly Buffer[], wire: Buffer): Account {
  return format === 'json' ? accountForRecords(files, wire) : accountForLines(files, wire);
}

function accountForRecords(files: readonly Buffer[], wire: Buffer): Account {
  let [end, missing] = [0, 0];
  for (const record of files.flatMap((file) => recordsOf(file))) {
    const bytes = toWire([record]);
    if (record.event === 'gap') {
      missing += record.bytes as number;
      end += record.bytes as number;
    } else if (wire.subarray(end, end + bytes.length).equals(bytes)) {
      end += bytes.length;
    } else {
      throw new Error(`byte ${end}: unexpected record ${JSON.stringify(record).slice(0, 200)}`);
    }
  }
  return { end, missing };
}

function accountForLines(files: readonly Buffer[], wire: Buffer): Account {
  let [end, missing] = [0, 0];
  const lines = files.flatMap((file) => file.toString('latin1').split('\n').slice(0, -1));
  const isAt = (position: number, text: string): boolean =>
    wire.subarray(position, position + text.length).equals(Buffer.from(text, 'latin1'));
  const gapAt = (i: number): number => Number(GAP.exec(lines[i] ?? '')?.[1] ?? 0);
  /** Whether gaps follow this line that count its bytes as missing, too. */
  const isCut = (i: number, line: string): boolean => {
    let gaps = 0;
    let next = i + 1;
    for (; gapAt(next) > 0; next++) gaps += gapAt(next);
    if (gaps === 0 || !isAt(end, line)) return false;
    const after = lines[next];
    if (after !== undefined) return isAt(end + gaps, after);
    return !isAt(end, `${line}\n`) || end + line.length + 1 + gaps > wire.length;
  };
  for (const [i, line] of lines.entries()) {
    if (gapAt(i) > 0) {
      missing += gapAt(i);
      end += gapAt(i);
    } else if (!isCut(i, line)) {
      if (!isAt(end, `${line}\n`)) throw new Error(`byte ${end}: unexpected line ${JSON.stringify(line)}`);
      end += line.length + 1;
    }
  }
  return { end, missing };
}
