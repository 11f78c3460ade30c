/**
 * What is so of which bytes of a segment: a list of spans, each reaching from the end of the one before it to its
 * own end, with a number. Numbers are doubles, so that ids and times stay exact for as long as a relay can live.
 */
export class Spans {
  count = 0;
  #ends: Uint32Array;
  #values: Float64Array;

  constructor(ends: Uint32Array = new Uint32Array(16), values: Float64Array = new Float64Array(16)) {
    this.#ends = ends;
    this.#values = values;
  }

  /** Memory held, in bytes. */
  get size(): number {
    return this.#ends.byteLength + this.#values.byteLength;
  }

  end(span: number): number {
    return this.#ends[span] as number;
  }

  value(span: number): number {
    return this.#values[span] as number;
  }

  /** The bytes up to `end` that have no value yet get this one. */
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

  /** The span that holds the byte at `offset`. */
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

  /** As bytes for the disk, {@link SPAN} each: all values, then all ends. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.count * SPAN);
    bytes.set(new Uint8Array(this.#values.buffer, 0, this.count * 8), 0);
    bytes.set(new Uint8Array(this.#ends.buffer, 0, this.count * 4), this.count * 8);
    return bytes;
  }

  static fromBytes<T extends Spans>(
    this: new (
      ends: Uint32Array,
      values: Float64Array,
    ) => T,
    bytes: Uint8Array,
  ): T {
    const count = bytes.length / SPAN;
    // Copies: the typed arrays want an alignment that a slice of a record does not promise.
    const values = new Float64Array(bytes.slice(0, count * 8).buffer);
    const ends = new Uint32Array(bytes.slice(count * 8).buffer);
    const spans = new this(ends, values);
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

/** What a span takes on disk, in bytes. */
export const SPAN = 12;
