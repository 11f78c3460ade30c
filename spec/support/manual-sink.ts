import type { Sink } from '../../lib/sinks/sink.js';

/** A sink of which a spec decides when, and whether, a write succeeds. */
export class ManualSink implements Sink {
  isRetrying = false;
  /** Whether writes are answered at once. */
  isOpen: boolean;
  /** Why `end` rejects. */
  endError: Error | undefined;
  readonly state = { isEnded: false, isDestroyed: false };
  #text = '';
  #waiting: { text: string; done: (error?: Error | null) => void } | null = null;

  constructor(isOpen = true) {
    this.isOpen = isOpen;
  }

  get text(): string {
    return this.#text;
  }

  get isWriting(): boolean {
    return this.#waiting !== null;
  }

  write(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    this.#waiting = { text: Buffer.concat(chunks).toString(), done };
    if (this.isOpen) process.nextTick(() => this.accept());
  }

  /** Answers the write in flight. */
  accept(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    if (error === undefined) this.#text += waiting.text;
    waiting.done(error);
  }

  /** Answers all writes from now on. */
  open(): void {
    this.isOpen = true;
    this.accept();
  }

  async end(last?: Buffer): Promise<void> {
    this.state.isEnded = true;
    if (this.endError !== undefined) throw this.endError;
    this.#text += last?.toString() ?? '';
  }

  async destroy(): Promise<number> {
    this.state.isDestroyed = true;
    // A socket fails the write that is cancelled.
    this.accept(new Error('write ECANCELED'));
    return 0;
  }
}
