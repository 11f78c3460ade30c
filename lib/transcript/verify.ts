import { type AuditRecord, parseRecord } from './audit-record.js';

/** A longer line is not parsed: only its start and its end are checked. In bytes. */
const MAX_PARSED_BYTES = 64 * 1024 * 1024;
/** How much is kept of the start of such a line, which has its sequence number, in bytes. */
const HEAD_BYTES = 1024;
/** How many faults are reported one by one. */
const MAX_REPORTED_FAULTS = 20;

export interface Verdict {
  /** Whether nothing was found missing, reordered or invalid. */
  readonly isComplete: boolean;
  /** The result in one line of text, with the number of records and faults. */
  readonly summary: string;
}

/**
 * Checks an audit in JSON format, of any length, for records that are missing, repeated, out of order, truncated or
 * invalid. It cannot see that a text was replaced, or that records are missing at the end of an audit that was not
 * closed.
 *
 * @param report called with each fault as a line of text, up to 20, and with remarks that are not faults
 * @throws the error of the stream
 */
export async function verifyAudit(
  audit: AsyncIterable<Buffer | string>,
  report: (line: string) => void = () => {},
): Promise<Verdict> {
  const check = new AuditCheck(report);
  for await (const line of splitLines(audit)) check.line(line);
  return check.verdict();
}

interface Line {
  /** Of a very long line only the start and the end. */
  readonly bytes: Buffer;
  /** Without the newline, in bytes. */
  readonly length: number;
  readonly hasNewline: boolean;
}

async function* splitLines(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Line> {
  let held: Buffer[] = [];
  let length = 0;
  const take = (hasNewline: boolean, last: Buffer): Line => {
    const bytes = held.length === 0 ? last : Buffer.concat([...held, last]);
    const line = { bytes, length: length + last.length, hasNewline };
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
    if (length > MAX_PARSED_BYTES && held.length > 1) {
      const head = Buffer.concat(held.slice(0, 2)).subarray(0, HEAD_BYTES);
      held = [head, held.at(-1) as Buffer];
    }
  }
  if (length > 0) yield take(false, Buffer.alloc(0));
}

/** The state of a verification, line by line. */
class AuditCheck {
  readonly #report: (line: string) => void;
  #lines = 0;
  #records = 0;
  #faults = 0;
  #nextSeq = 0;
  #isClosed = false;
  #firstTime = '';
  #lastTime = '';
  #lastMessageTime = '';

  constructor(report: (line: string) => void) {
    this.#report = report;
  }

  line({ bytes, length, hasNewline }: Line): void {
    this.#lines++;
    if (!hasNewline) {
      this.#fault(`incomplete: the audit ends after ${length} bytes of this record`);
      return;
    }
    const record = parseRecord(bytes, bytes.length === length);
    if (typeof record === 'string') {
      this.#fault(record);
      return;
    }
    this.#checkSeq(record.seq);
    this.#checkTime(record);
    this.#checkEvent(record);
    this.#records++;
  }

  verdict(): Verdict {
    const isComplete = this.#faults === 0;
    if (this.#faults > MAX_REPORTED_FAULTS) {
      this.#report(`and ${count(this.#faults - MAX_REPORTED_FAULTS, 'more fault')}`);
    }
    if (this.#records === 0) {
      return { isComplete, summary: isComplete ? 'empty: no records' : 'incomplete: no valid records' };
    }
    const end = this.#isClosed ? 'closed' : 'not closed: still being written, or its end may be missing';
    const records = `${count(this.#records, 'record')} from ${this.#firstTime} to ${this.#lastTime}, ${end}`;
    return {
      isComplete,
      summary: isComplete
        ? `complete: ${records}`
        : `incomplete: ${count(this.#faults, 'fault')} in ${records}`,
    };
  }

  #checkSeq(seq: number): void {
    const missing = seq - this.#nextSeq;
    const seqs = `expected seq ${this.#nextSeq}, got ${seq}`;
    if (missing > 0) this.#fault(`${count(missing, 'record')} missing before this one (${seqs})`);
    else if (missing < 0) this.#fault(`out of order or repeated (${seqs})`);
    this.#nextSeq = seq + 1;
  }

  #checkTime({ event, time }: AuditRecord): void {
    if (this.#records === 0) this.#firstTime = time;
    this.#lastTime = time;
    // The relay's own records have the time of writing, which may be later than that of the messages after them.
    if (event !== 'line' && event !== 'arrived' && event !== 'left') return;
    if (time < this.#lastMessageTime) {
      this.#remark(`the clock was set back, from ${this.#lastMessageTime} to ${time}`);
    }
    this.#lastMessageTime = time;
  }

  #checkEvent({ event, time, bytes, from, to }: AuditRecord): void {
    if (this.#isClosed && event !== 'resumed') this.#fault('follows the record that closes the audit');
    if (event === 'gap') this.#fault(`${bytes} bytes of messages are missing, sent from ${from} to ${to}`);
    else if (event === 'truncated')
      this.#fault(`the line before this one was truncated after ${bytes} bytes`);
    else if (event === 'resumed') {
      const end = this.#isClosed ? '' : '; it was not closed before that, so messages may be missing';
      this.#remark(`resumed at ${time}${end}`);
    }
    this.#isClosed = event === 'closed';
  }

  #fault(text: string): void {
    this.#faults++;
    if (this.#faults <= MAX_REPORTED_FAULTS) this.#remark(text);
  }

  #remark(text: string): void {
    this.#report(`line ${this.#lines}: ${text}`);
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
