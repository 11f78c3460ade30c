import type { TimeMark } from '../protocol/time.js';

/** The owner of bytes that belong to no client, and of a reader that skips nothing. */
export const NO_OWNER = -1;

/** Bytes on disk for one span: a double for its value and a 32-bit integer for its end. */
export const SPAN_BYTES = 12;
const INITIAL_SPANS = 16;

/**
 * Maps the bytes of a segment to numbers: a list of spans, each with a value, from the end of the span before it to
 * its own end. Values are doubles, so ids and times stay exact however long a relay runs.
 */
export class Spans {
  count = 0;
  #ends: Uint32Array;
  #values: Float64Array;

  constructor(ends = new Uint32Array(INITIAL_SPANS), values = new Float64Array(INITIAL_SPANS)) {
    this.#ends = ends;
    this.#values = values;
  }

  /** Allocated memory, in bytes. */
  get memoryBytes(): number {
    return this.#ends.byteLength + this.#values.byteLength;
  }

  end(span: number): number {
    return this.#ends[span] as number;
  }

  value(span: number): number {
    return this.#values[span] as number;
  }

  /** Assigns `value` to the bytes from the end of the last span to `end`. Equal neighbours become one span. */
  add(value: number, end: number): void {
    const last = this.count - 1;
    if (last >= 0 && this.#values[last] === value) {
      this.#ends[last] = end;
      return;
    }
    if (this.count === this.#ends.length) this.#grow();
    this.#ends[this.count] = end;
    this.#values[this.count] = value;
    this.count++;
  }

  /** Returns the number of the span that holds the byte at `offset`. */
  find(offset: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  clear(): void {
    this.count = 0;
  }

  /** Serializes the spans, {@link SPAN_BYTES} each: first all values, then all ends. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.count * SPAN_BYTES);
    bytes.set(new Uint8Array(this.#values.buffer, 0, this.count * 8), 0);
    bytes.set(new Uint8Array(this.#ends.buffer, 0, this.count * 4), this.count * 8);
    return bytes;
  }

  static fromBytes(bytes: Uint8Array): Spans {
    const count = bytes.length / SPAN_BYTES;
    const values = new Float64Array(count);
    const ends = new Uint32Array(count);
    // Copied, because a part of a record need not have the alignment that typed arrays require.
    new Uint8Array(values.buffer).set(bytes.subarray(0, count * 8));
    new Uint8Array(ends.buffer).set(bytes.subarray(count * 8));
    const spans = new Spans(ends, values);
    spans.count = count;
    return spans;
  }

  #grow(): void {
    const ends = new Uint32Array(this.#ends.length * 2);
    const values = new Float64Array(this.#values.length * 2);
    ends.set(this.#ends);
    values.set(this.#values);
    this.#ends = ends;
    this.#values = values;
  }
}

/** Bytes on disk for the number of owner spans, which comes before all spans. */
const HEADER_BYTES = 4;

/** Knows for each byte of a segment which client sent it, and when. */
export class SegmentIndex {
  readonly owners: Spans;
  readonly times: Spans;

  constructor(owners = new Spans(), times = new Spans()) {
    this.owners = owners;
    this.times = times;
  }

  /** Allocated memory, in bytes. */
  get memoryBytes(): number {
    return this.owners.memoryBytes + this.times.memoryBytes;
  }

  /** Describes the bytes up to `end` that are not described yet. */
  add(owner: number, time: number, end: number): void {
    this.owners.add(owner, end);
    this.times.add(time, end);
  }

  clear(): void {
    this.owners.clear();
    this.times.clear();
  }

  toBytes(): Uint8Array {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(this.owners.count);
    return Buffer.concat([header, this.owners.toBytes(), this.times.toBytes()]);
  }

  static fromBytes(bytes: Buffer): SegmentIndex {
    const timesStart = HEADER_BYTES + bytes.readUInt32LE() * SPAN_BYTES;
    return new SegmentIndex(
      Spans.fromBytes(bytes.subarray(HEADER_BYTES, timesStart)),
      Spans.fromBytes(bytes.subarray(timesStart)),
    );
  }

  /** Returns the times of the bytes `[from, to)`, as marks of a block in which the byte `from` is at `at`. */
  timeMarks(from: number, to: number, at: number): TimeMark[] {
    const { times } = this;
    const marks: TimeMark[] = [];
    let start = from;
    for (let span = times.find(from); start < to && span < times.count; span++) {
      marks.push({ at: at + start - from, time: times.value(span) });
      start = times.end(span);
    }
    return marks;
  }
}
