import type { SegmentIndex } from './segment-index.js';

/** Where a spilled segment is on disk. Only the spill knows more than its length in bytes. */
export interface SpillLocation {
  readonly length: number;
}

/** More pieces than this are copied into one: writev(2) takes a limited number, and each costs an object. */
const MAX_SHARED_PIECES = 32;
/** Up to this size several pieces are copied into one, which costs less than another piece in a write. */
const COPY_BELOW_BYTES = 16 * 1024;

/** The part of a segment that is in memory only while the segment is. */
export interface Content {
  readonly bytes: Buffer;
  readonly index: SegmentIndex;
}

/**
 * A fixed-size piece of the log: bytes, and an index of their owners and times. A segment is in memory, on disk, or
 * both. Counts of readers and pins say when its memory and disk space can be freed, so nothing has to be searched.
 */
export class Segment {
  /** The position of the segment in the log, in segments. */
  readonly index: number;
  /** Bytes written so far. The segment is closed when it is full. */
  length = 0;
  /** Null while the segment is on disk only. */
  content: Content | null;
  /** Null while the segment is not on disk. */
  location: SpillLocation | null = null;
  /** Readers that have yet to pass this segment. */
  readers = 0;
  /** Writes in progress that share the bytes. The memory must not be reused before they are done. */
  pins = 0;
  /** Memory that the pager has counted for this segment, in bytes. */
  countedBytes = 0;

  constructor(index: number, content: Content) {
    this.index = index;
    this.content = content;
  }

  /**
   * Appends as much of `text` as fits.
   *
   * @param text a Buffer, or a latin1 string
   * @param start where in `text` to begin, in bytes
   * @param time when the text was sent, in milliseconds since 1970
   * @returns the number of bytes appended
   */
  append(owner: number, text: string | Buffer, start: number, time: number): number {
    const { bytes, index } = this.content as Content;
    const written =
      typeof text === 'string'
        ? bytes.write(start === 0 ? text : text.slice(start), this.length, 'latin1')
        : text.copy(bytes, this.length, start);
    this.length += written;
    index.add(owner, time, this.length);
    return written;
  }

  /** Returns the bytes `[from, to)`, shared with the log. */
  slice(from: number, to: number): Buffer {
    return (this.content as Content).bytes.subarray(from, to);
  }

  /** Adds the owners of the bytes `[from, to)` to a set. */
  collectOwners(from: number, to: number, owners: Set<number>): void {
    const { owners: runs } = (this.content as Content).index;
    for (let run = runs.find(from), end = from; end < to; run++) {
      owners.add(runs.value(run));
      end = runs.end(run);
    }
  }

  /** Returns the bytes `[from, to)` without those of `owner`: shared with the log, or copied if the pieces are many or small. */
  slicesWithout(owner: number, from: number, to: number): Buffer[] {
    const { owners: runs } = (this.content as Content).index;
    /** Alternating starts and ends of pieces. */
    const bounds: number[] = [];
    let start = from;
    for (let run = runs.find(from), end = from; end < to; run++) {
      const next = Math.min(runs.end(run), to);
      if (runs.value(run) === owner) {
        if (end > start) bounds.push(start, end);
        start = next;
      }
      end = next;
    }
    if (to > start) bounds.push(start, to);
    if (bounds.length <= 2) return this.#share(bounds);
    const length = totalLength(bounds);
    const copies = length <= COPY_BELOW_BYTES || bounds.length > MAX_SHARED_PIECES * 2;
    return copies ? [this.#copy(bounds, length)] : this.#share(bounds);
  }

  #share(bounds: readonly number[]): Buffer[] {
    const slices: Buffer[] = [];
    for (let i = 0; i < bounds.length; i += 2) {
      slices.push(this.slice(bounds[i] as number, bounds[i + 1] as number));
    }
    return slices;
  }

  #copy(bounds: readonly number[], length: number): Buffer {
    const { bytes } = this.content as Content;
    const copy = Buffer.allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < bounds.length; i += 2) at += bytes.copy(copy, at, bounds[i], bounds[i + 1]);
    return copy;
  }

  /** Takes the content out of the segment, for its memory to be reused. */
  releaseContent(): Content | null {
    const { content } = this;
    this.content = null;
    return content;
  }
}

function totalLength(bounds: readonly number[]): number {
  let length = 0;
  for (let i = 0; i < bounds.length; i += 2) length += (bounds[i + 1] as number) - (bounds[i] as number);
  return length;
}
