/** The owner of bytes that belong to no client, and of a reader that skips nothing. */
export const NOBODY = -1;

/**
 * Who owns which bytes of a segment: a list of runs, each reaching from the end of the one before it to its own
 * end. Ids are kept as doubles, so that they stay exact for as long as a relay can live.
 */
export class Runs {
  count = 0;
  #ends: Uint32Array;
  #owners: Float64Array;

  constructor(ends = new Uint32Array(16), owners = new Float64Array(16)) {
    this.#ends = ends;
    this.#owners = owners;
  }

  /** Memory held, in bytes. */
  get size(): number {
    return this.#ends.byteLength + this.#owners.byteLength;
  }

  end(run: number): number {
    return this.#ends[run] as number;
  }

  owner(run: number): number {
    return this.#owners[run] as number;
  }

  /** The bytes up to `end` that have no owner yet are `owner`'s. */
  add(owner: number, end: number): void {
    const last = this.count - 1;
    if (last >= 0 && this.#owners[last] === owner) {
      this.#ends[last] = end;
      return;
    }
    if (this.count === this.#ends.length) this.#grow();
    this.#ends[this.count] = end;
    this.#owners[this.count] = owner;
    this.count++;
  }

  /** The run that holds the byte at `offset`. */
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

  /** As bytes for the disk, 12 a run: all owners, then all ends. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.count * 12);
    bytes.set(new Uint8Array(this.#owners.buffer, 0, this.count * 8), 0);
    bytes.set(new Uint8Array(this.#ends.buffer, 0, this.count * 4), this.count * 8);
    return bytes;
  }

  static fromBytes(bytes: Uint8Array): Runs {
    const count = bytes.length / 12;
    // Copies: the typed arrays want an alignment that a slice of a record does not promise.
    const owners = new Float64Array(bytes.slice(0, count * 8).buffer);
    const ends = new Uint32Array(bytes.slice(count * 8).buffer);
    const runs = new Runs(ends, owners);
    runs.count = count;
    return runs;
  }

  #grow(): void {
    const ends = new Uint32Array(this.#ends.length * 2);
    const owners = new Float64Array(this.#ends.length * 2);
    ends.set(this.#ends);
    owners.set(this.#owners);
    this.#ends = ends;
    this.#owners = owners;
  }
}
