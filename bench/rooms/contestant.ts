/** A row of the table of `npm run bench:rooms`. */
export interface Contestant {
  readonly name: string;
  /** Full load. */
  linesPerSecond(seconds: number): Promise<number>;
  /** One line, from when it is sent until it is received. */
  latencyMs(): Promise<number>;
  stop(): Promise<void>;
}
