import { isMessage, type Message } from '../protocol/message.js';
import { type ClientInfo, instantiate, type TransformFactory } from './factory.js';
import { Stage } from './stage.js';

/** How a transform failed. */
export interface Failure {
  /** Its error, or that it ended before its client left. */
  readonly error: Error;
  /** Which it was, from 0. */
  readonly position: number;
  /** Whether the chain goes on without it; else it has come to its end. */
  readonly bypassed: boolean;
}

export interface ChainOptions {
  readonly client: ClientInfo;
  readonly factories: readonly TransformFactory[];
  /** Whether a transform that fails is taken out of the chain, or is the end of it. */
  readonly bypass: boolean;
  /** Takes what comes out of the last transform. */
  readonly message: (message: Message) => void;
  /** The last transform has ended, after all of them were told to. */
  readonly ended: () => void;
  readonly failed: (failure: Failure) => void;
  /** Every message given so far has been dealt with; called whenever that becomes so. */
  readonly settled: () => void;
}

/** The code of an error by which a transform refuses its client: it has not failed, and there is no way around. */
export const REFUSED = 'ERR_REFUSED';

/**
 * One client's own transforms, one behind the other. Not `pipe`: a failure of one has to be told with which it
 * was, and ends them all or is led around; and a chain that has dropped all it was given must be told from one
 * that is still at it.
 */
export class Chain {
  readonly #options: ChainOptions;
  #first: Stage | null = null;
  #failed = false;
  #drained: (() => void) | null = null;

  constructor(options: ChainOptions) {
    this.#options = options;
    let last: Stage | null = null;
    for (const [position, factory] of options.factories.entries()) {
      if (this.#failed) return;
      try {
        const stage: Stage = this.#stage(factory, position);
        stage.previous = last;
        if (last === null) this.#first = stage;
        else last.next = stage;
        last = stage;
      } catch (error) {
        this.#fail(error, position, null);
      }
    }
  }

  /** How many messages its transforms have been given and have not answered. */
  get busy(): number {
    let busy = 0;
    if (this.#failed) return busy;
    for (let stage = this.#first; stage !== null; stage = stage.next) busy += stage.busy;
    return busy;
  }

  /** @returns false if the next is to wait until `drained` is called */
  write(message: Message, drained: () => void): boolean {
    if (this.#failed || this.#give(this.#first, message)) return true;
    this.#drained = drained;
    return false;
  }

  end(): void {
    if (!this.#failed) this.#end(this.#first);
  }

  destroy(): void {
    this.#failed = true;
    for (let stage = this.#first; stage !== null; stage = stage.next) stage.stream.destroy();
  }

  #stage(factory: TransformFactory, position: number): Stage {
    const stream = instantiate(factory, this.#options.client);
    const fail = (error: unknown): void => this.#fail(error, position, stage);
    const stage: Stage = new Stage({
      stream,
      position,
      keeps: this.#options.bypass,
      answered: () => this.#answered(stage),
      refused: fail,
    });
    stream.on('error', fail);
    stream.on('close', () => {
      if (!stream.readableEnded) fail(new Error('it closed before its client left'));
    });
    stream.on('end', () => {
      if (this.#failed || stage.out) return;
      // What it has been told but not yet been given, its client said before it left.
      if (stage.told && stream.writableLength === 0) this.#end(stage.next);
      else fail(new Error('it ended before its client left'));
    });
    stream.on('drain', () => {
      if (!stage.out) this.#resume(stage.previous);
    });
    stream.on('data', (message: unknown) => {
      if (this.#failed || stage.out) return;
      try {
        if (!isMessage(message)) fail(new TypeError('it gave something that is no message'));
        else if (!this.#give(stage.next, message)) stream.pause();
      } catch (error) {
        fail(error);
      }
    });
    return stage;
  }

  /**
   * @param to null behind the last
   * @returns false if the next is to wait
   * @throws RangeError if a text is longer than a string of its bytes can be
   */
  #give(to: Stage | null, message: Message): boolean {
    const stage = inChain(to);
    if (stage === null) {
      this.#options.message(message);
      return true;
    }
    // One that fails at once is led around by now, and it is another's room that counts.
    return stage.give(message) || (stage.out && inChain(stage)?.stream.writableNeedDrain !== true);
  }

  #end(to: Stage | null): void {
    const stage = inChain(to);
    if (stage !== null) stage.end();
    else this.#options.ended();
  }

  /** @param stage null before the first */
  #resume(stage: Stage | null): void {
    if (stage !== null) {
      stage.stream.resume();
      return;
    }
    const drained = this.#drained;
    this.#drained = null;
    drained?.();
  }

  #answered(stage: Stage): void {
    if (this.#failed || stage.busy > 0) return;
    for (let other = this.#first; other !== null; other = other.next) {
      if (other.busy > 0 || other.stream.readableLength > 0) return;
    }
    this.#options.settled();
  }

  #fail(cause: unknown, position: number, stage: Stage | null): void {
    if (this.#failed || stage?.out === true) return;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const bypassed = this.#options.bypass && (error as NodeJS.ErrnoException).code !== REFUSED;
    if (!bypassed) this.destroy();
    this.#options.failed({ error, position, bypassed });
    if (bypassed && stage !== null) this.#bypass(stage);
  }

  /** Takes a stage out. What it gave goes on, and what it has not answered does as it was given. */
  #bypass(stage: Stage): void {
    stage.out = true;
    const { previous, next } = stage;
    if (previous === null) this.#first = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
    let room = true;
    for (const message of stage.rescue()) {
      if (isMessage(message)) room = this.#give(next, message) && room;
    }
    if (stage.told) this.#end(next);
    else if (room) this.#resume(previous);
  }
}

/** The stage, or if it has been taken out, the one behind it. */
function inChain(stage: Stage | null): Stage | null {
  let found = stage;
  while (found?.out === true) found = found.next;
  return found;
}
