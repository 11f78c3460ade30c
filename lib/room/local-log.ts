import type { Log, LogEvent, LogReader } from './event-log.js';
import { Fold } from './room-state.js';

/** The log of a relay that is alone in its room: what is appended is read at once, in the same turn. */
export class EmbeddedLog implements Log {
  readonly full = false;
  readonly #fold = new Fold();
  readonly #run = this.#fold.begin({ epoch: '', n: 0 });
  #reader: LogReader | null = null;

  read(reader: LogReader): void {
    this.#reader = reader;
  }

  append(event: LogEvent): void {
    if (this.#run !== undefined && this.#reader !== null) {
      this.#fold.event(this.#run, event, this.#reader, this.#run.epoch);
    }
  }

  /** Its senders wait where its reader can take no more: there is nothing to resume. */
  resume(): void {}

  /** When the only relay ends, so does the room, and nobody leaves it. */
  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#reader = null;
  }
}
