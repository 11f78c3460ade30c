import type { EventLog, EventLogReader, LogEvent } from './event-log.js';
import type { Instance } from './instances.js';
import { RoomState } from './room-state.js';

const INSTANCE_ID = '';

/**
 * The log of a relay that has the room to itself. The reader receives each event before `append` returns. Only an event
 * that is appended while the reader handles another one is received after that one.
 */
export class LocalLog implements EventLog {
  readonly isFull = false;
  readonly #state = new RoomState();
  readonly #instance = this.#state.instances.accept(INSTANCE_ID, 0) as Instance;
  #reader: EventLogReader | null = null;
  #isReading = false;
  #queue: LogEvent[] = [];

  read(reader: EventLogReader): void {
    this.#reader = reader;
  }

  clientIds(): number[] {
    return this.#state.clientIds;
  }

  append(event: LogEvent): void {
    if (this.#isReading) {
      this.#queue.push(event);
      return;
    }
    this.#isReading = true;
    try {
      this.#deliver(event);
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#deliver(next);
      }
    } finally {
      this.#isReading = false;
    }
  }

  /** Does nothing: the relay stops its senders while its reader is full, so no event is held back here. */
  resume(): void {}

  /** Does nothing: the room ends with its only relay, so no client has to leave it. */
  async close(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#reader = null;
  }

  #deliver(event: LogEvent): void {
    if (this.#reader === null) return;
    this.#state.applyEvent(this.#instance, event, this.#reader, INSTANCE_ID, 0);
  }
}
