import { isUtf8 } from 'node:buffer';
import { toSafeJson } from '../util/escape-text.js';
import type { Formatter, Note } from './formatter.js';
import { type TimeMark, toISO } from './time.js';

/** Longer lines are formatted in pieces of this size, so that none of them blocks the event loop. A multiple of 3 for base64. */
const PIECE_BYTES = 64 * 1024 - ((64 * 1024) % 3);
const NOTICE = /^server: client (\d+) just (arrived|left)$/;
const LOSSY = { ignoreBOM: true };

/**
 * One object per line: `seq`, `time`, `event`, and the fields of the event. `seq` comes first, so that it can be read from
 * the start of a line of any length. A line is held back until it is complete, because only then its validity as UTF-8
 * is known.
 */
export function jsonFormatter(): Formatter {
  return new JsonFormatter();
}

class JsonFormatter implements Formatter {
  seq = 0;
  openLineBytes = 0;
  /** Only complete lines are written. */
  readonly isMidLine = false;
  #held: Buffer[] = [];
  #heldTime = 0;

  *format(bytes: readonly Buffer[], times: readonly TimeMark[]): Generator<readonly Buffer[]> {
    const block = bytes.length === 1 ? (bytes[0] as Buffer) : Buffer.concat(bytes);
    let text = '';
    for (const [i, { at, time }] of times.entries()) {
      let part = block.subarray(at, times[i + 1]?.at);
      if (this.openLineBytes > 0) {
        const end = part.indexOf(0x0a);
        this.#hold(end === -1 ? part : part.subarray(0, end), this.#heldTime);
        if (end === -1) continue;
        const line = this.#release();
        if (line.length <= PIECE_BYTES) text += this.#formatLines(line, this.#heldTime);
        else {
          if (text !== '') yield [Buffer.from(text)];
          text = '';
          yield* this.#formatLongLine(line, this.#heldTime);
        }
        part = part.subarray(end + 1);
      }
      const last = part.lastIndexOf(0x0a);
      if (last !== -1) text += this.#formatLines(part.subarray(0, last), time);
      if (last + 1 < part.length) this.#hold(part.subarray(last + 1), time);
    }
    if (text !== '') yield [Buffer.from(text)];
  }

  abandonLine(): string {
    this.#release();
    return '';
  }

  formatNote({ event, ...note }: Note, date: number): string {
    const fields = 'from' in note ? { ...note, from: toISO(note.from), to: toISO(note.to) } : note;
    return `${JSON.stringify({ seq: this.seq++, time: toISO(date), event, ...fields })}\n`;
  }

  #hold(bytes: Buffer, time: number): void {
    // Copied, because the log reuses its memory.
    this.#held.push(Buffer.from(bytes));
    this.#heldTime = time;
    this.openLineBytes += bytes.length;
  }

  #release(): Buffer {
    const line = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    this.#held = [];
    this.openLineBytes = 0;
    return line;
  }

  /** @param bytes lines with `\n` between them */
  #formatLines(bytes: Buffer, time: number): string {
    const stamp = `,"time":"${toISO(time)}","event":"`;
    if (!isUtf8(bytes)) return this.#formatInvalidLines(bytes, stamp);
    const text = bytes.toString('utf8');
    let records = '';
    for (const line of text.split('\n')) records += this.#formatRecord(line, stamp);
    return records;
  }

  #formatRecord(line: string, stamp: string, lastField = ''): string {
    if (!line.startsWith('client ')) {
      const [, client, event] = NOTICE.exec(line) ?? [];
      return `{"seq":${this.seq++}${stamp}${event}","client":${client}}\n`;
    }
    const colon = line.indexOf(': ');
    const text = toSafeJson(line.slice(colon + 2));
    return `{"seq":${this.seq++}${stamp}line","client":${line.slice(7, colon)},"text":${text}${lastField}}\n`;
  }

  /** Formats lines of which at least one is not valid UTF-8. */
  #formatInvalidLines(bytes: Buffer, stamp: string): string {
    let records = '';
    for (let start = 0; start <= bytes.length; ) {
      const end = bytes.indexOf(0x0a, start);
      const line = bytes.subarray(start, end === -1 ? undefined : end);
      const isValid = isUtf8(line);
      const text = isValid ? line.toString('utf8') : new TextDecoder('utf-8', LOSSY).decode(line);
      const message = line.subarray(line.indexOf(': ') + 2);
      const base64 = isValid ? '' : `,"base64":"${message.toString('base64')}"`;
      records += this.#formatRecord(text, stamp, base64);
      if (end === -1) break;
      start = end + 1;
    }
    return records;
  }

  *#formatLongLine(line: Buffer, time: number): Generator<readonly Buffer[]> {
    const colon = line.indexOf(': ');
    const client = line.toString('latin1', 7, colon);
    const message = line.subarray(colon + 2);
    const decoder = new TextDecoder('utf-8', LOSSY);
    yield [
      Buffer.from(`{"seq":${this.seq++},"time":"${toISO(time)}","event":"line","client":${client},"text":"`),
    ];
    for (let at = 0; at < message.length; at += PIECE_BYTES) {
      const stream = at + PIECE_BYTES < message.length;
      const text = decoder.decode(message.subarray(at, at + PIECE_BYTES), { stream });
      yield [Buffer.from(toSafeJson(text).slice(1, -1))];
    }
    if (!isUtf8(message)) {
      yield [Buffer.from('","base64":"')];
      for (let at = 0; at < message.length; at += PIECE_BYTES) {
        yield [Buffer.from(message.subarray(at, at + PIECE_BYTES).toString('base64'))];
      }
    }
    yield [Buffer.from('"}\n')];
  }
}
