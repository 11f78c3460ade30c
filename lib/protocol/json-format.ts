import { isUtf8 } from 'node:buffer';
import type { Formatter, Note } from './formats.js';
import type { TimeMark } from './time.js';
import { toISO } from './time.js';

/** Lines longer than this are given out in pieces, so that none of them holds up the room. */
const PIECE = 64 * 1024 - ((64 * 1024) % 3);
/** What JSON may leave as it is, and a terminal should not be shown. */
const HIDDEN = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\udb40[\udc00-\udc7f]/g;
const NOTICE = /^server: client (\d+) just (arrived|left)$/;
const LOSSY = { ignoreBOM: true };

/**
 * An object a line: `seq`, `time`, `event`, and what belongs to the event. `seq` stands first, so that it can be
 * read off the beginning of a line of any length. A line is held until its end has come, since only then is it
 * known whether it is valid UTF-8.
 */
export function jsonFormatter(): Formatter {
  return new JsonFormatter();
}

class JsonFormatter implements Formatter {
  seq = 0;
  openLineBytes = 0;
  /** Its lines are given whole. */
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
        if (line.length <= PIECE) text += this.#lines(line, this.#heldTime);
        else {
          if (text !== '') yield [Buffer.from(text)];
          text = '';
          yield* this.#pieces(line, this.#heldTime);
        }
        part = part.subarray(end + 1);
      }
      const last = part.lastIndexOf(0x0a);
      if (last !== -1) text += this.#lines(part.subarray(0, last), time);
      if (last + 1 < part.length) this.#hold(part.subarray(last + 1), time);
    }
    if (text !== '') yield [Buffer.from(text)];
  }

  abandonLine(): { end: string; held: number } {
    const held = this.openLineBytes;
    this.#release();
    return { end: '', held };
  }

  note({ event, ...note }: Note, date: number): string {
    const own = 'from' in note ? { ...note, from: toISO(note.from), to: toISO(note.to) } : note;
    return `${JSON.stringify({ seq: this.seq++, time: toISO(date), event, ...own })}\n`;
  }

  #hold(bytes: Buffer, time: number): void {
    // A copy: the log's bytes are only lent.
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

  /** Lines with `\n` between them. */
  #lines(bytes: Buffer, time: number): string {
    const stamp = `,"time":"${toISO(time)}","event":"`;
    if (!isUtf8(bytes)) return this.#impure(bytes, stamp);
    const text = bytes.toString('utf8');
    const quote = text.search(HIDDEN) === -1 ? JSON.stringify : quoteHidden;
    let records = '';
    for (const line of text.split('\n')) records += this.#record(line, stamp, quote);
    return records;
  }

  #record(line: string, stamp: string, quote: (text: string) => string, more = ''): string {
    if (!line.startsWith('client ')) {
      const [, client, event] = NOTICE.exec(line) ?? [];
      return `{"seq":${this.seq++}${stamp}${event}","client":${client}}\n`;
    }
    const colon = line.indexOf(': ');
    const said = quote(line.slice(colon + 2));
    return `{"seq":${this.seq++}${stamp}line","client":${line.slice(7, colon)},"text":${said}${more}}\n`;
  }

  /** Lines of which at least one is no valid UTF-8. */
  #impure(bytes: Buffer, stamp: string): string {
    let records = '';
    for (let start = 0; start <= bytes.length; ) {
      const end = bytes.indexOf(0x0a, start);
      const line = bytes.subarray(start, end === -1 ? undefined : end);
      const pure = isUtf8(line);
      const text = pure ? line.toString('utf8') : new TextDecoder('utf-8', LOSSY).decode(line);
      const more = pure ? '' : `,"base64":"${line.subarray(line.indexOf(': ') + 2).toString('base64')}"`;
      records += this.#record(text, stamp, quoteHidden, more);
      if (end === -1) break;
      start = end + 1;
    }
    return records;
  }

  /** One long line. */
  *#pieces(line: Buffer, time: number): Generator<readonly Buffer[]> {
    const colon = line.indexOf(': ');
    const client = line.toString('latin1', 7, colon);
    const said = line.subarray(colon + 2);
    const decoder = new TextDecoder('utf-8', LOSSY);
    yield [
      Buffer.from(`{"seq":${this.seq++},"time":"${toISO(time)}","event":"line","client":${client},"text":"`),
    ];
    for (let at = 0; at < said.length; at += PIECE) {
      const stream = at + PIECE < said.length;
      yield [
        Buffer.from(quoteHidden(decoder.decode(said.subarray(at, at + PIECE), { stream })).slice(1, -1)),
      ];
    }
    if (!isUtf8(said)) {
      yield [Buffer.from('","base64":"')];
      for (let at = 0; at < said.length; at += PIECE) {
        yield [Buffer.from(said.subarray(at, at + PIECE).toString('base64'))];
      }
    }
    yield [Buffer.from('"}\n')];
  }
}

function quoteHidden(text: string): string {
  return JSON.stringify(text).replace(HIDDEN, (characters) =>
    characters.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}
