import type { EventLog, EventLogReader, LogEvent } from './event-log.js';
import { RoomState } from './room-state.js';

/**
 * The log of a relay that is alone in its room. The reader receives each event before `append` returns, except for an event
 * that is appended while the reader handles another one: it is received directly after that.
 */
export class LocalLog implements EventLog {
  readonly isFull = false;
  readonly #fold = new RoomState();
  readonly #run = this.#fold.begin({ instanceId: '', n: 0 });
  #reader: EventLogReader | null = null;
  #isReading = false;
  #queue: LogEvent[] = [];

  read(reader: EventLogReader): void {
    this.#reader = reader;
  }

  append(event: LogEvent): void {
    if (this.#isReading) {
      this.#queue.push(event);
      return;
    }
    this.#isReading = true;
    try {
      this.#deliver(event);
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        this.#deliver(next);
    } finally {
      this.#isReading = false;
    }
  }

  /** Its senders wait where its reader can take no more: there is nothing to resume. */
  resume(): void {}

  /** When the only relay ends, so does the room, and nobody leaves it. */
  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#reader = null;
  }

  #deliver(event: LogEvent): void {
    if (this.#run === undefined || this.#reader === null) return;
    this.#fold.event(this.#run, event, this.#reader, this.#run.epoch);
  }
}
