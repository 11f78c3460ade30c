import type { EventLog, EventLogReader, LogEvent } from './event-log.js';
import { RoomState } from './room-state.js';

/** The log of a relay that is alone in its room: what is appended is read at once, in the same turn. */
export class LocalLog implements EventLog {
  readonly isFull = false;
  readonly #fold = new RoomState();
  readonly #run = this.#fold.begin({ instanceId: '', n: 0 });
  #reader: EventLogReader | null = null;

  read(reader: EventLogReader): void {
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
