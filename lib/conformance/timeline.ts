/** What was done in a case, in its order: never what happened to come when, so that it is the same each time. */
export interface Step {
  /** The name of a client, or of none where it is no single one's. */
  readonly client?: string;
  readonly action: string;
  /** What was sent, or should be heard. */
  readonly bytes?: Buffer;
}

export class Timeline {
  readonly steps: Step[] = [];
  #quiet = 0;

  add(client: string | undefined, action: string, bytes?: Buffer): void {
    if (this.#quiet > 0) return;
    this.steps.push({
      action,
      ...(client !== undefined && { client }),
      ...(bytes !== undefined && { bytes }),
    });
  }

  /** One step in place of the many that are taken meanwhile. */
  async summary<T>(client: string | undefined, action: string, work: () => Promise<T>): Promise<T> {
    this.add(client, action);
    this.#quiet++;
    try {
      return await work();
    } finally {
      this.#quiet--;
    }
  }
}
