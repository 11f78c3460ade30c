/** One run of a relay's process. */
export interface Instance {
  readonly id: string;
  /** Number of its last record. */
  lastNumber: number;
}

/**
 * Number of ended instances whose ids are kept. A record of a forgotten instance is dropped too: an unknown instance
 * must start with number 0, and only an instance that never stored a record has that number still to come.
 */
const MAX_ENDED_INSTANCES = 1000;

/** The relays of a room, by the records that they stored. */
export class Instances {
  readonly #active = new Map<string, Instance>();
  readonly #down = new Set<string>();

  /** Ids of the instances that have stored a record and have not ended. */
  get ids(): IterableIterator<string> {
    return this.#active.keys();
  }

  /** Ids of the instances that ended last, oldest first. */
  get downIds(): readonly string[] {
    return [...this.#down];
  }

  [Symbol.iterator](): IterableIterator<Instance> {
    return this.#active.values();
  }

  get(id: string): Instance | undefined {
    return this.#active.get(id);
  }

  isDown(id: string): boolean {
    return this.#down.has(id);
  }

  /** Returns the instance whose record this is, or undefined if the record is a repetition or comes after the end. */
  accept(id: string, number: number): Instance | undefined {
    if (this.#down.has(id)) return undefined;
    const instance = this.#active.get(id);
    if (instance === undefined) return number === 0 ? this.add(id, number) : undefined;
    if (number <= instance.lastNumber) return undefined;
    instance.lastNumber = number;
    return instance;
  }

  add(id: string, lastNumber: number): Instance {
    const instance = { id, lastNumber };
    this.#active.set(id, instance);
    return instance;
  }

  /** Ends an instance. Returns undefined if no such instance is active. */
  end(id: string): Instance | undefined {
    const instance = this.#active.get(id);
    if (instance !== undefined) this.addDown(id);
    return instance;
  }

  addDown(id: string): void {
    this.#active.delete(id);
    this.#down.add(id);
    if (this.#down.size <= MAX_ENDED_INSTANCES) return;
    const [oldest] = this.#down;
    this.#down.delete(oldest as string);
  }
}
