import { createFormatter, type Format } from '../protocol/formats.js';
import type { Formatter, Note } from '../protocol/formatter.js';
import { type TimeMark, timeAt } from '../protocol/time.js';
import type { Sink, TruncatableFile } from '../sinks/sink.js';
import {
  byteLength,
  countLines,
  dropBytes,
  findLastLineEnd,
  findLineEnd,
  takeBytes,
} from '../util/buffer-list.js';

/** What a transcript is written to. */
export interface Opened {
  readonly sink: Sink;
  /** The sink, if it is a file. */
  readonly file?: TruncatableFile;
  /** The number of its first record, where records are numbered. Default 0. */
  readonly seq?: number;
  /** Whether it ends amid a line. */
  readonly amid?: boolean;
  /** What has to be said there before anything else. */
  readonly notes?: readonly Note[];
}

export type Gap = Extract<Note, { event: 'gap' }>;
type Done = (error?: Error | null) => void;

/** What is being written. */
interface Block {
  bytes: readonly Buffer[];
  times: readonly TimeMark[];
  readonly done: Done;
  /** The formatter's state when it was given it. */
  open: number;
  seq: number;
  /** What ended the line before it, while the notes that stand before it are being written. */
  lead: string | null;
  /** The piece of it that is being written, and how many lines end in those before. */
  piece: readonly Buffer[];
  lines: number;
}

/** Where a line begins: in the file, if one can go back there, and in what was said. */
interface Place {
  readonly file: number;
  readonly position: number;
  readonly seq: number;
  readonly time: number;
}

/** Room for the record of a gap, in bytes, and how many places are remembered where it could be made. */
const ROOM = 512;
const PLACES = 64;

/** Writes what was said to a sink, in a format, a block at a time. Knows which lines of it are there. */
export class TranscriptWriter {
  /** How much of what was said, in bytes of the wire, is written, or recorded as missing. */
  position = 0;
  /** When the sink last took something; as `performance.now` has it. */
  moved = 0;
  readonly #formatter: Formatter;
  readonly #signed: boolean;
  #opened: Opened;
  #next: Opened | null = null;
  #turning: Promise<void> | null = null;
  /** What has to be said before the next block, and whether a line has to be ended before that. */
  #notes: readonly Note[] = [];
  #amid = false;
  #block: Block | null = null;
  #places: Place[] = [];
  /** When the last line was said. */
  #time = 0;
  /** Whether anything was written to this sink. */
  #touched = false;
  #abandoned = false;

  /** @param signed whether it is said in the end that there is nothing more, where the format can say so */
  constructor(format: Format | 'view', opened: Opened, signed: boolean) {
    this.#formatter = createFormatter(format);
    this.#signed = signed;
    this.#opened = opened;
    this.#use(opened);
  }

  /** One at a time. Without bytes: what is owed is recorded now. */
  write(bytes: readonly Buffer[], times: readonly TimeMark[], done: Done): void {
    this.moved = performance.now();
    const block = { bytes, times, done, open: 0, seq: 0, lead: null, piece: [], lines: 0 };
    this.#block = block;
    void this.#begin(block);
  }

  /** Something is missing after the last block. It is recorded before the next. */
  owe(gap: Gap): void {
    this.#notes = [...this.#notes, gap];
  }

  /**
   * Goes on in another sink, from the next line on.
   *
   * @returns how many bytes of a line are in neither, which is recorded there: the old one had a part of it only
   */
  async moveTo(next: Opened): Promise<number> {
    this.#next?.sink.destroy();
    this.#next = next;
    if (this.#block === null) await this.#turn();
    else if (this.#opened.file?.isRetrying === true) return this.#wrench(this.#block, this.#opened.file);
    return 0;
  }

  /** All that was to be written is. */
  async end(): Promise<void> {
    await this.#turning;
    this.#next?.sink.destroy();
    const owes = this.#notes.some(({ event }) => event === 'gap');
    await this.#sign(owes ? this.#prologue().text : '');
    await this.#opened.sink.end();
  }

  /**
   * Gives up what is not written, and records that if it can be: a line that is there in part is taken back, and if
   * there is no room for the record, so are lines before it.
   *
   * @param missing how much was said from `position` on, and when
   */
  async abandon(missing: { bytes: number; from: number | undefined; to: number }) {
    this.#abandoned = true;
    await this.#turning;
    this.#next?.sink.destroy();
    const { file, sink } = this.#opened;
    let { bytes } = missing;
    let recorded = false;
    for (const place of file === undefined ? [] : await this.#retreats(file)) {
      bytes = missing.bytes + this.position - place.position;
      recorded = await this.#record(file as TruncatableFile, place, { ...missing, bytes });
      if (recorded) break;
    }
    sink.destroy();
    return { recorded, bytes };
  }

  destroy(): void {
    this.#abandoned = true;
    this.#next?.sink.destroy();
    this.#opened.sink.destroy();
  }

  #use(opened: Opened): void {
    this.#opened = opened;
    this.#touched = false;
    this.#formatter.seq = opened.seq ?? 0;
    this.#amid = opened.amid === true;
    // What is missing in no file yet is so in this one.
    this.#notes = [...(opened.notes ?? []), ...this.#notes.filter(({ event }) => event === 'gap')];
    this.#places = [];
  }

  async #begin(block: Block): Promise<void> {
    if (this.#turning !== null) await this.#turning;
    if (this.#abandoned) return;
    if (this.#next === null) {
      this.#format(block, block.bytes, () => void this.#landed(block));
      return;
    }
    // A line is not divided between files: what it lacks still goes to the old one.
    const head = this.#formatter.isMidLine ? findLineEnd(block.bytes, 1) : 0;
    if (head === -1) {
      this.#format(block, block.bytes, () => void this.#landed(block));
    } else {
      this.#format(block, takeBytes(block.bytes, head), () => {
        shorten(block, head);
        void this.#turn().then(() => this.#begin(block));
      });
    }
  }

  async #landed(block: Block): Promise<void> {
    this.#block = null;
    if (this.#next !== null) await this.#turn();
    if (!this.#abandoned) block.done();
  }

  #format(block: Block, bytes: readonly Buffer[], then: () => void): void {
    const { seq } = this.#formatter;
    const { text, owed, lead } = this.#prologue();
    const { file } = this.#opened;
    const length = byteLength(bytes);
    const times = block.times.filter(({ at }) => at < length);
    let pieces: Iterator<readonly Buffer[]>;
    Object.assign(block, { open: 0, seq, lead, piece: [], lines: 0 });
    const begin = (): void => {
      this.#notes = [];
      this.#amid = false;
      this.position += owed;
      Object.assign(block, { open: this.#formatter.openLineBytes, seq: this.#formatter.seq, lead: null });
      if (file !== undefined && !this.#formatter.isMidLine && length > 0) this.#remember(file.size, times);
      this.#touched = true;
      pieces = (length === 0 ? [] : this.#formatter.format(bytes, times))[Symbol.iterator]();
      step();
    };
    const step = (error?: Error | null): void => {
      // What is given up is told of by who gave it up: that its write then fails, as Node 22 has it, is no news.
      if (this.#abandoned) return;
      if (error) {
        block.done(error);
        return;
      }
      this.moved = performance.now();
      const { value, done } = pieces.next();
      if (done === true) {
        this.position += length;
        this.#time = times.at(-1)?.time ?? this.#time;
        then();
        return;
      }
      if (block.piece.length > 0) block.lines += countLines(block.piece);
      block.piece = value;
      this.#opened.sink.write(value, step);
    };
    if (text === '') begin();
    else this.#opened.sink.write([Buffer.from(text)], (error) => (error ? step(error) : begin()));
  }

  /** What has to be written before anything else, and for how much of what was said it stands. */
  #prologue(): { text: string; owed: number; lead: string } {
    if (this.#notes.length === 0 && !this.#amid) return { text: '', owed: 0, lead: '' };
    const { end, held } = this.#formatter.abandonLine();
    const lead = this.#amid ? '\n' : end;
    let text = lead;
    let owed = 0;
    for (const note of this.#notes) {
      if (note.event === 'gap') owed += note.bytes;
      const whole = note.event === 'gap' ? { ...note, bytes: note.bytes + held } : note;
      text += this.#formatter.formatNote(whole, Date.now());
    }
    return { text, owed, lead };
  }

  #remember(file: number, times: readonly TimeMark[]): void {
    const { seq, openLineBytes } = this.#formatter;
    this.#places.push({
      file,
      position: this.position - openLineBytes,
      seq,
      time: times[0]?.time ?? this.#time,
    });
    const far = (this.#places[1] as Place | undefined)?.file ?? file;
    if (this.#places.length > PLACES || far <= file - ROOM) this.#places.shift();
  }

  /** The next sink takes the place of this one, if a line has just ended. */
  #turn(): Promise<void> {
    if (this.#formatter.isMidLine || this.#turning !== null || this.#abandoned) return Promise.resolve();
    this.#turning = this.#turnNow().finally(() => {
      this.#turning = null;
    });
    return this.#turning;
  }

  async #turnNow(): Promise<void> {
    const old = this.#opened;
    await this.#sign('');
    void old.sink.end();
    const next = this.#next as Opened;
    this.#next = null;
    this.#use(next);
  }

  /**
   * Says that nothing more will be written here, if anything was. One try: it is nothing that anybody has said.
   */
  async #sign(before: string): Promise<void> {
    const { file, sink } = this.#opened;
    const signed = this.#signed && (this.#touched || before !== '');
    const text = before + (signed ? this.#formatter.formatNote({ event: 'closed' }, Date.now()) : '');
    if (text === '') return;
    if (file !== undefined) await file.once(text);
    else await new Promise<unknown>((resolve) => sink.write([Buffer.from(text)], resolve));
  }

  /** Takes the write under way back. Where the file could be cut off: the last first. */
  async #retreats(file: TruncatableFile): Promise<Place[]> {
    const block = this.#block;
    if (block === null) {
      const position = this.position - (this.#formatter.isMidLine ? 0 : this.#formatter.openLineBytes);
      return [{ file: file.size, position, seq: this.#formatter.seq, time: this.#time }];
    }
    const { start, whole, line } = await file.abortWrite();
    const { lead, piece, bytes, times } = block;
    if (lead !== null) {
      return [{ file: start, position: this.position, seq: block.seq, time: times[0]?.time ?? this.#time }];
    }
    const at = (upTo: number): Place => {
      const lines = block.lines + countLines(piece, upTo);
      const offset = lines === 0 ? -block.open : findLineEnd(bytes, lines);
      const time = timeAt(times, Math.max(0, offset)) ?? this.#time;
      return { file: line - whole + upTo, position: this.position + offset, seq: block.seq + lines, time };
    };
    const earlier = findLastLineEnd(piece, whole - ROOM);
    const places = this.#places.filter((place) => place.file <= line - ROOM).reverse();
    return [at(whole), ...(earlier > 0 ? [at(earlier)] : []), ...places];
  }

  async #record(
    file: TruncatableFile,
    place: Place,
    missing: { bytes: number; from: number | undefined; to: number },
  ): Promise<boolean> {
    const block = this.#block;
    const { end } = this.#formatter.abandonLine();
    const lead = block === null ? end : (block.lead ?? '');
    const taken = await file.cut(place.file);
    this.#formatter.seq = place.seq;
    const known = this.#notes.flatMap((note) => (note.event === 'gap' ? [note.from] : []));
    const from = Math.min(...known, (block === null ? missing.from : undefined) ?? place.time);
    const note: Gap = { event: 'gap', bytes: missing.bytes, from, to: Math.max(from, missing.to) };
    const text = this.#formatter.formatNote(note, Date.now());
    if (!(await file.once((taken || file.size === place.file ? lead : '\n') + text))) return false;
    await this.#sign('');
    return true;
  }

  /** Leaves a file that does not take what is under way: the lines that are not there go to the next one. */
  async #wrench(block: Block, file: TruncatableFile): Promise<number> {
    const [place] = (await this.#retreats(file)) as [Place];
    if (this.#abandoned) return 0;
    const offset = place.position - this.position;
    const begin = offset < 0 ? findLineEnd(block.bytes, 1) : offset;
    // A line that is longer than this block, or has to be ended: the old file has to take that.
    if (begin === -1 || block.lead || !(await file.cut(place.file))) {
      file.resume();
      return 0;
    }
    this.#formatter.abandonLine();
    this.#formatter.seq = place.seq;
    const { time } = place;
    const bytes = offset < 0 ? begin - offset : 0;
    if (bytes > 0) this.owe({ event: 'gap', bytes, from: time, to: time });
    this.position += offset;
    shorten(block, begin);
    await this.#turn();
    void this.#begin(block);
    return bytes;
  }
}

/** Takes the first bytes off a block. */
function shorten(block: Block, count: number): void {
  const { bytes, times } = block;
  block.bytes = dropBytes(bytes, count);
  const rest = times.flatMap(({ at, time }) => (at > count ? [{ at: at - count, time }] : []));
  block.times = block.bytes.length === 0 ? [] : [{ at: 0, time: timeAt(times, count) as number }, ...rest];
}
