import type { Runs } from './runs.js';
import type { Times } from './times.js';

/** Where a spilled segment lies. Opaque to everything but the spill. */
export interface Place {
  readonly length: number;
}

/** More pieces than this are copied into one: a system call takes only so many, and each costs an object. */
const MANY = 32;
/** And so are a few small ones: up to so many bytes, to copy them costs less than a second piece of a write. */
const SMALL = 16 * 1024;

/** What of a segment is held in memory. */
export interface Content {
  readonly bytes: Buffer;
  readonly runs: Runs;
  readonly times: Times;
}

/**
 * A fixed-size piece of the log: bytes, and beside them the runs that say whose they are, and the times at which
 * they were said. It is in memory, on disk, or both; who still needs it is counted, never searched for.
 */
export class Segment {
  readonly index: number;
  /** How many bytes are written. A segment is closed when it is full. */
  length = 0;
  /** Null while the segment is on disk only. */
  content: Content | null;
  place: Place | null = null;
  /** How many bytes of its place are runs; the bytes are before them, the times behind. */
  placedRuns = 0;
  /** Readers that have yet to pass this segment. */
  readers = 0;
  /** Writes under way that share its bytes: until they are done, the memory must stay as it is. */
  pins = 0;
  /** What it counts for in memory, in bytes. */
  weight = 0;

  constructor(index: number, content: Content) {
    this.index = index;
    this.content = content;
  }

  /** Writes as much of `text` (from `start`; a string is latin1), said at `time`, as there is room for; gives how much. */
  append(owner: number, text: string | Buffer, start: number, time: number): number {
    const { bytes, runs, times } = this.content as Content;
    const written =
      typeof text === 'string'
        ? bytes.write(start === 0 ? text : text.slice(start), this.length, 'latin1')
        : text.copy(bytes, this.length, start);
    this.length += written;
    runs.add(owner, this.length);
    times.add(time, this.length);
    return written;
  }

  /** The bytes of `[from, to)`, shared with the log. */
  slice(from: number, to: number): Buffer {
    return (this.content as Content).bytes.subarray(from, to);
  }

  /** Adds to these the owners of the bytes of `[from, to)`. */
  addOwners(from: number, to: number, owners: Set<number>): void {
    const { runs } = this.content as Content;
    for (let run = runs.find(from), end = from; end < to; run++) {
      owners.add(runs.owner(run));
      end = runs.end(run);
    }
  }

  /** The bytes of `[from, to)` that are not `owner`'s, shared with the log as long as they are not many pieces. */
  slices(from: number, to: number, owner: number): Buffer[] {
    const { runs } = this.content as Content;
    /** Where each piece begins and ends, by turns. */
    const bounds: number[] = [];
    let start = from;
    for (let run = runs.find(from), end = from; end < to; run++) {
      const next = Math.min(runs.end(run), to);
      if (runs.owner(run) === owner) {
        if (end > start) bounds.push(start, end);
        start = next;
      }
      end = next;
    }
    if (to > start) bounds.push(start, to);
    if (bounds.length <= 2) return this.#share(bounds);
    const length = lengthOf(bounds);
    return length <= SMALL || bounds.length > MANY * 2 ? [this.#copy(bounds, length)] : this.#share(bounds);
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

  /** Gives the memory back; what was on disk stays there. */
  release(): Content | null {
    const { content } = this;
    this.content = null;
    return content;
  }
}

function lengthOf(bounds: readonly number[]): number {
  let length = 0;
  for (let i = 0; i < bounds.length; i += 2) length += (bounds[i + 1] as number) - (bounds[i] as number);
  return length;
}
