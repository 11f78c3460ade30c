import type { Duplex } from 'node:stream';

export interface StageOptions {
  readonly stream: Duplex;
  /** Its place in the chain as it was asked for, from 0. */
  readonly position: number;
  /** Whether what it has been given is kept until it is answered. */
  readonly keeps: boolean;
  /** A message has been answered. */
  readonly answered: () => void;
  /** It did not take a message. */
  readonly refused: (error: Error) => void;
}

/** Below this many, answered messages are not worth clearing away. */
const MANY = 1024;

/** One transform of one client's chain: its stream, its neighbours, and what it has yet to answer. */
export class Stage {
  readonly stream: Duplex;
  readonly position: number;
  previous: Stage | null = null;
  next: Stage | null = null;
  /** How many messages it has been given and has not answered. */
  busy = 0;
  /** It has failed: whatever it still does counts no more. */
  out = false;
  /** It has been told that nothing more comes. */
  told = false;
  readonly #options: StageOptions;
  readonly #given: unknown[] = [];
  #answered = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.position = options.position;
  }

  /** @returns false if the next is to wait for `drain` */
  give(message: unknown): boolean {
    this.busy++;
    if (this.#options.keeps) this.#given.push(message);
    return this.stream.write(message, this.#done);
  }

  end(): void {
    this.told = true;
    this.stream.end();
  }

  /** What it gave and nobody has taken yet, and then what it has been given and has not answered. */
  rescue(): unknown[] {
    const { stream } = this;
    const given = this.#given.slice(this.#answered);
    // That a message was answered is told a little later; a stream that still works knows it at once.
    const broken = stream.destroyed || stream.errored;
    const unanswered = broken ? given.length : Math.min(given.length, stream.writableLength);
    // Destroyed before it is read, or it would go on working.
    stream.destroy();
    const rest: unknown[] = [];
    while (stream.readableLength > 0) {
      const message: unknown = stream.read();
      if (message === null) break;
      rest.push(message);
    }
    return [...rest, ...given.slice(given.length - unanswered)];
  }

  readonly #done = (error?: Error | null): void => {
    if (this.out) return;
    if (error) {
      // An 'error' or a 'close' that says more may be on its way.
      process.nextTick(this.#options.refused, error);
      return;
    }
    this.busy--;
    if (this.#options.keeps && ++this.#answered >= MANY && this.#answered * 2 > this.#given.length) {
      this.#given.splice(0, this.#answered);
      this.#answered = 0;
    }
    this.#options.answered();
  };
}
