import { type AuditRecord, checkRecord } from './audit-record.js';

/** A line that is longer than this is not parsed: only its beginning and its end are looked at. In bytes. */
const LONGEST = 64 * 1024 * 1024;
/** How much of such a line is kept: its number stands at its beginning. */
const KEPT = 1024;
/** So many faults are told one by one. */
const TOLD = 20;

export interface Verdict {
  /** Whether nothing is missing, altered in its order, or unreadable. */
  readonly whole: boolean;
  /** The same in words, with numbers. */
  readonly verdict: string;
}

/**
 * Reads an audit in json format, of any length, and finds what is missing of it, doubled, out of its order, cut off
 * or no record. It cannot see that a text was replaced by another, or that whole records are missing at the end of
 * an audit that was not closed.
 *
 * @param tell is given each fault as a line of text, up to 20, and each thing that is worth knowing and no fault
 * @throws what the stream fails with
 */
export async function verifyAudit(
  audit: AsyncIterable<Buffer | string>,
  tell: (line: string) => void = () => {},
): Promise<Verdict> {
  const check = new AuditCheck(tell);
  for await (const line of linesOf(audit)) check.line(line);
  return check.verdict();
}

interface Line {
  readonly bytes: Buffer;
  /** How long it is without its newline, though no more than its beginning and end are in `bytes`. */
  readonly length: number;
  readonly ended: boolean;
}

async function* linesOf(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Line> {
  let held: Buffer[] = [];
  let length = 0;
  const take = (ended: boolean, last: Buffer): Line => {
    const line = {
      bytes: held.length === 0 ? last : Buffer.concat([...held, last]),
      length: length + last.length,
      ended,
    };
    held = [];
    length = 0;
    return line;
  };
  for await (const part of chunks) {
    const chunk = typeof part === 'string' ? Buffer.from(part) : part;
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      yield take(true, chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    held.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LONGEST && held.length > 1) {
      const beginning = Buffer.concat(held.slice(0, 2)).subarray(0, KEPT);
      held = [beginning, held.at(-1) as Buffer];
    }
  }
  if (length > 0) yield take(false, Buffer.alloc(0));
}

class AuditCheck {
  readonly #tell: (line: string) => void;
  #number = 0;
  #records = 0;
  #faults = 0;
  #expected = 0;
  #closed = false;
  #first = '';
  #last = '';
  #said = '';

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  line(line: Line): void {
    this.#number++;
    if (!line.ended) {
      this.#fault(`it is cut off after ${line.length} bytes: the end is missing`);
      return;
    }
    const record = checkRecord(line.bytes, line.bytes.length === line.length);
    if (typeof record === 'string') {
      this.#fault(record);
      return;
    }
    const { seq, time, event } = record;
    this.#sequence(seq);
    if (this.#closed && event !== 'resumed')
      this.#fault('it stands behind the record that the audit is closed');
    if (this.#records === 0) this.#first = time;
    this.#last = time;
    this.#clock(record);
    this.#records++;
    if (event === 'gap') {
      this.#fault(`${record.bytes} bytes of what was said are missing, from ${record.from} to ${record.to}`);
    } else if (event === 'truncated') {
      this.#fault(`the record before it was cut off after ${record.bytes} bytes`);
    } else if (event === 'resumed') {
      const end = this.#closed ? '' : '; it was not closed before, and what was said last may be missing';
      this.#note(`appended to since ${time}${end}`);
    }
    this.#closed = event === 'closed';
  }

  verdict(): Verdict {
    const whole = this.#faults === 0;
    if (this.#faults > TOLD) this.#tell(`and ${this.#faults - TOLD} faults more`);
    if (this.#records === 0) return { whole, verdict: whole ? 'empty: no records' : 'not whole: no records' };
    const end = this.#closed ? 'closed' : 'not closed: it is still written, or its end may be missing';
    const what = `${count(this.#records, 'record')}, from ${this.#first} to ${this.#last}, ${end}`;
    return {
      whole,
      verdict: whole ? `whole: ${what}` : `not whole: ${count(this.#faults, 'fault')} in ${what}`,
    };
  }

  /** What a relay says on its own account has the time of its writing, and what lags may be written after that. */
  #clock({ event, time }: AuditRecord): void {
    if (event !== 'line' && event !== 'arrived' && event !== 'left') return;
    if (time < this.#said) this.#note(`the clock had gone back, from ${this.#said} to ${time}`);
    this.#said = time;
  }

  #sequence(seq: number): void {
    const missing = seq - this.#expected;
    if (missing > 0) {
      this.#fault(
        `${count(missing, 'record')} missing before it: seq is ${seq}, and should be ${this.#expected}`,
      );
    } else if (missing < 0) {
      this.#fault(`out of its order, or doubled: seq is ${seq}, and should be ${this.#expected}`);
    }
    this.#expected = seq + 1;
  }

  #fault(text: string): void {
    this.#faults++;
    if (this.#faults <= TOLD) this.#note(text);
  }

  #note(text: string): void {
    this.#tell(`line ${this.#number}: ${text}`);
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
