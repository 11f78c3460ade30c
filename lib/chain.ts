import type { Duplex } from 'node:stream';
import type { Message } from './message.js';
import { type ClientInfo, instantiate, type TransformFactory } from './transform.js';

export interface ChainOptions {
  readonly client: ClientInfo;
  readonly factories: readonly TransformFactory[];
  /** Takes what comes out of the last transform. */
  readonly message: (message: unknown) => void;
  /** The last transform has ended, after all of them were told to. */
  readonly ended: () => void;
  /** A transform failed, as the `position`th (from 0): its error, or that it ended before its client left. */
  readonly failed: (error: Error, position: number) => void;
  /** Every message given so far has been dealt with; called whenever that becomes so. */
  readonly settled: () => void;
}

/**
 * One client's own transforms, one behind the other. Not `pipe`: a failure of one has to end them all, and say
 * which it was; and a chain that has dropped all it was given must be told from one that is still at it.
 */
export class Chain {
  readonly #options: ChainOptions;
  readonly #stages: Duplex[] = [];
  #failed = false;
  #busy = 0;

  constructor(options: ChainOptions) {
    this.#options = options;
    for (const [position, factory] of options.factories.entries()) {
      try {
        this.#add(instantiate(factory, options.client), position);
      } catch (error) {
        this.#fail(error, position);
        return;
      }
    }
    this.#connect();
  }

  /** @returns false if the next is to wait until `drained` is called */
  write(message: Message, drained: () => void): boolean {
    if (this.#failed) return true;
    const [first] = this.#stages as [Duplex];
    if (this.#give(first, message)) return true;
    first.once('drain', drained);
    return false;
  }

  end(): void {
    if (!this.#failed) this.#stages[0]?.end();
  }

  /** Treats the last transform as failed. */
  reject(error: Error): void {
    this.#fail(error, this.#stages.length - 1);
  }

  destroy(): void {
    this.#failed = true;
    for (const stage of this.#stages) stage.destroy();
  }

  #add(stage: Duplex, position: number): void {
    this.#stages.push(stage);
    stage.on('error', (error) => this.#fail(error, position));
    stage.on('close', () => {
      if (!stage.readableEnded) this.#fail(new Error('it closed before its client left'), position);
    });
  }

  #connect(): void {
    this.#stages.forEach((stage, position) => {
      const next = this.#stages[position + 1];
      stage.on('end', () => {
        if (!stage.writableEnded) this.#fail(new Error('it ended before its client left'), position);
        else if (next === undefined) this.#options.ended();
        else next.end();
      });
      if (next === undefined) {
        stage.on('data', (message) => {
          if (!this.#failed) this.#options.message(message);
        });
      } else {
        stage.on('data', (message) => {
          if (!this.#failed && !this.#give(next, message)) stage.pause();
        });
        next.on('drain', () => stage.resume());
      }
    });
  }

  #give(stage: Duplex, message: unknown): boolean {
    this.#busy++;
    return stage.write(message, this.#done);
  }

  readonly #done = (): void => {
    this.#busy--;
    if (this.#busy === 0 && !this.#failed && this.#stages.every((stage) => stage.readableLength === 0)) {
      this.#options.settled();
    }
  };

  #fail(cause: unknown, position: number): void {
    if (this.#failed) return;
    this.destroy();
    this.#options.failed(cause instanceof Error ? cause : new Error(String(cause)), position);
  }
}
